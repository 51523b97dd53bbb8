import { isSecretName } from "../secret-names";
import { bag, list, type Preview, type PreviewStep } from "./preview";

/** Values of the configuration that must be secret. */
const SECRET_PLACES: Readonly<Record<string, readonly string[]>> = {
  "cutover:ghl": ["token"],
  "cutover:database": ["url", "previewUrl"],
  "cutover:sentryDsn": [],
};

/** All of `cutover:environment` is secret: the applications' keys. */
const ENVIRONMENT = "cutover:environment";
const BLINDED = "[secret]";

/**
 * Places (never values) where a secret stands in plain text: keys of the configuration, and variables of a container or
 * function that sound like one. Nested properties of other resources are no sign: the preview shows their secrets in plain
 * text even where the state encrypts them.
 */
export function plainSecrets({ config, steps }: Preview): string[] {
  return [...inConfig(config), ...steps.flatMap(inVariables)];
}

function inConfig(config: Preview["config"]): string[] {
  const fixed = Object.entries(SECRET_PLACES).flatMap(([key, fields]) => {
    const value = config[key];
    if (value === undefined || value === BLINDED) return [];
    if (fields.length === 0) return [key];
    return fields.filter((field) => isPlain(parsed(value)[field])).map((field) => `${key}.${field}`);
  });
  const environment = config[ENVIRONMENT];
  const variables = environment === undefined || environment === BLINDED ? {} : parsed(environment);
  const plain = Object.entries(variables).filter(([, value]) => isPlain(value));
  return [...fixed, ...plain.map(([name]) => `${ENVIRONMENT}.${variableName(name)}`)].map(
    (place) => `\`${place}\` in the stack's configuration`,
  );
}

function inVariables({ type, name, op, new: made }: PreviewStep): string[] {
  if (!made || op === "delete") return [];
  const variables =
    type === "aws:ecs/taskDefinition:TaskDefinition"
      ? containers(made.inputs.containerDefinitions)
      : type === "aws:lambda/function:Function"
        ? Object.entries(bag(bag(made.inputs.environment).variables))
        : [];
  return variables
    .filter(([variable, value]) => isSecretName(variable) && isPlain(value))
    .map(([variable]) => `variable \`${variableName(variable)}\` of \`${variableName(name)}\``);
}

function containers(definitions: unknown): [string, unknown][] {
  if (typeof definitions !== "string") return [];
  try {
    return list(JSON.parse(definitions)).flatMap((container) =>
      list(bag(container).environment).map((one): [string, unknown] => [String(bag(one).name), bag(one).value]),
    );
  } catch {
    return [];
  }
}

function isPlain(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value !== BLINDED;
}

function parsed(json: string) {
  try {
    return bag(JSON.parse(json));
  } catch {
    return {};
  }
}

/** A name as variables have it; anything else might be a value that slipped into the name's place. */
function variableName(name: string): string {
  return /^[A-Za-z][\w-]{0,60}$/.test(name) ? name : "?";
}
