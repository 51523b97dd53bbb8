import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(__dirname, "../..");

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

/** The read role's statements, as an operator copies them out of docs/ci.md. */
function readRole(): readonly Statement[] {
  const blocks = [...readFileSync(join(root, "docs/ci.md"), "utf8").matchAll(/```json\n([\s\S]*?)```/g)];
  const lists = blocks.map(([, text = ""]): unknown => JSON.parse(text)).filter((one) => Array.isArray(one));
  expect(lists).toHaveLength(1);
  return lists[0] as readonly Statement[];
}

function covers(pattern: string, action: string): boolean {
  return new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(action);
}

const PREFIX: Readonly<Record<string, string>> = {
  ssm: "ssm",
  "secrets-manager": "secretsmanager",
  cloudwatch: "cloudwatch",
  "elastic-load-balancing-v2": "elasticloadbalancing",
};

/** IAM actions of the commands that read, out of the imports of the clients behind `cutover next`. */
function actionsOfNext(): string[] {
  const actions = ["evidence", "record", "alarms", "metrics", "loadbalancer"].flatMap((folder) => {
    const path = join(root, "clients/src", folder);
    const sources = readdirSync(path).filter((file) => /(?<![.]test)[.]ts$/.test(file));
    return sources.flatMap((file) => actionsIn(readFileSync(join(path, file), "utf8"), file));
  });
  return [...new Set(actions)].sort();
}

function actionsIn(text: string, file: string): string[] {
  const imports = [...text.matchAll(/import \{([^}]*)\} from "@aws-sdk\/client-([\w-]+)"/g)];
  return imports.flatMap(([, names = "", client = ""]) => {
    const commands = [...names.matchAll(/\b((?:Get|Describe|List|Query|Filter)\w+)Command\b/g)];
    if (commands.length > 0) expect(PREFIX, `IAM's prefix of ${client}, in ${file}`).toHaveProperty(client);
    return commands.map(([, command]) => `${PREFIX[client]}:${command}`);
  });
}

describe("the read role of docs/ci.md", () => {
  const statements = readRole();

  it("finds the calls of the clients", () => {
    expect(actionsOfNext()).toEqual(
      expect.arrayContaining([
        "cloudwatch:GetMetricData",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameterHistory",
        "ssm:GetParametersByPath",
      ]),
    );
  });

  it.each(actionsOfNext())("may %s", (action) => {
    const allowed = statements.filter((one) => list(one.Action).some((pattern) => covers(pattern, action)));
    expect(allowed.map(({ Effect }) => Effect)).toEqual(["Allow"]);
  });

  it("reads parameters and the one secret of its own stack only", () => {
    const own = statements.filter((one) => list(one.Action).some((action) => /^ssm:|:GetSecretValue$/.test(action)));
    expect(own.flatMap((one) => list(one.Resource))).toEqual([
      "arn:aws:ssm:REGION:ACCOUNT:parameter/cutover/STACK",
      "arn:aws:ssm:REGION:ACCOUNT:parameter/cutover/STACK/*",
      "arn:aws:secretsmanager:REGION:ACCOUNT:secret:cutover/STACK/prober-??????",
    ]);
  });

  it("reads, and changes nothing", () => {
    const actions = statements.flatMap((one) => list(one.Action)).map((action) => action.split(":")[1] ?? "");
    expect(actions.filter((action) => !/^(Get|Describe|List|Decrypt$)/.test(action))).toEqual([]);
  });
});
