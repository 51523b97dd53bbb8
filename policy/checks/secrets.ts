import { isSecretName } from "@cutover/domain/secret-names";
import { type Declared, json, list, record, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

/** Values that are references whatever the name: an ARN, the path of one of our secrets or parameters. */
const REFERENCE_VALUE = /^(arn:[\w-]*:|\/?cutover\/)/;

/** What nobody mistakes for something else. Each with the name a person knows it by. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\bsk-[A-Za-z0-9_-]{16,}/, "an OpenAI key"],
  [/\bpit-[0-9a-f]{8}-[0-9a-f-]{20,}/i, "a GoHighLevel token"],
  [/\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/, "a JSON web token"],
  [/\b(sbp|sb_secret|sb_publishable)_[A-Za-z0-9_-]{16,}/, "a Supabase key"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/i, "a URL with a password"],
  [/\bgh[pousr]_[A-Za-z0-9]{30,}/, "a GitHub token"],
  // Whoever has it can write to the channel.
  [/\bhooks\.slack\.com\/(services|workflows|triggers)\/\w+/i, "a Slack hook's URL"],
];

const KEEP = "put it into Secrets Manager (components/secrets.ts) and refer to it";

/**
 * No secret in plain text where everybody with read rights sees it: a container's or a function's environment, an SSM
 * parameter of type String. Judged by the variable's name and by the value's shape; the value itself is never told.
 */
export function plainSecrets({ type, name, props }: Declared): string[] {
  if (type === TYPES.taskDefinition) return inContainers(name, props.containerDefinitions);
  if (type === TYPES.function) {
    const variables = record(record(props.environment)?.variables) ?? {};
    return Object.entries(variables).flatMap(([key, value]) => about(`${name}: variable ${key}`, key, value));
  }
  if (type === TYPES.parameter && props.type !== "SecureString") {
    return about(`${name}: the parameter's value`, text(props.name)?.split("/").pop() ?? "", props.value);
  }
  return [];
}

function inContainers(name: string, definitions: unknown): string[] {
  return list(json(definitions)).flatMap((container) =>
    list(record(container)?.environment).flatMap((variable) => {
      const { name: key, value } = record(variable) ?? {};
      return about(`${name}: variable ${text(key) ?? "?"}`, text(key) ?? "", value);
    }),
  );
}

/** Looks into JSON, too: our functions get their names and ARNs as one variable. */
function about(where: string, key: string, value: unknown): string[] {
  if (value === UNKNOWN || value === undefined) return [];
  const inner = json(value);
  if (typeof inner === "object" && inner !== null) return within(where, inner);
  const why = suspicion(key, String(value));
  return why ? [`${where} ${why}; ${KEEP}.`] : [];
}

function within(where: string, value: object): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = `${where}, ${key}`;
    if (typeof inner === "object" && inner !== null) return within(where, inner);
    const why = typeof inner === "string" ? suspicion(key, inner) : undefined;
    return why ? [`${place} ${why}; ${KEEP}.`] : [];
  });
}

function suspicion(key: string, value: string): string | undefined {
  const shape = SHAPES.find(([pattern]) => pattern.test(value));
  if (shape) return `holds ${shape[1]} in plain text`;
  if (value === "" || REFERENCE_VALUE.test(value)) return undefined;
  return isSecretName(key) ? "is a secret by its name and stands in plain text" : undefined;
}
