import { describe, expect, it } from "vitest";
import { comment } from "./comment";
import { explain } from "./explain";
import { SAMPLES, sample } from "./samples";
import { fixedPromise } from "./testkit";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where a secret is planted: a path in the preview's JSON. */
type Path = readonly (string | number)[];

const PLANTED = "S3cr3t-zq81-Kp0!x";

/** Every string of a preview that is a property's value, a diagnostic's text or a configuration's value. */
function places(value: Json, path: Path = []): Path[] {
  if (typeof value === "string") return isStructure(path) ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    places(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** What gives a step its place and name is no property: types, names and operations come from the code. */
function isStructure(path: Path): boolean {
  const key = path.at(-1);
  const owner = path.at(-2);
  return key === "op" || key === "urn" || key === "severity" || (key === "type" && String(owner).endsWith("State"));
}

function planted(value: Json, path: Path, secret: string): Json {
  const [key, ...rest] = path;
  if (key === undefined) return secret;
  if (Array.isArray(value)) return value.map((one, i) => (i === key ? planted(one, rest, secret) : one));
  if (typeof value !== "object" || value === null) return value;
  return { ...value, [key]: planted(value[key] ?? null, rest, secret) };
}

/** All that leaves the command, as comment and as JSON. */
function shown(preview: string, evidence?: string): string {
  const explanation = explain({ preview, evidence, promise: fixedPromise });
  return comment(explanation) + JSON.stringify(explanation);
}

/** Random secrets have many looks: base64, hex, words, letters and digits alone. Fixed, as all seeds are. */
const ALPHABETS = [
  PLANTED,
  "q7w2e9r4t6y1u8i3", // [a-z0-9]
  "9f86d081884c7d65", // hex
  "QK3ZP7M2XW9L4BNA", // [A-Z0-9]
  "Zm9vL2Jhcit4eQ==", // base64
  "zq_Kp-81.Xy~55ab", // URL-safe
];
/** No values: the migrations' plan is made from SQL files of the same pull request, reasons are names of properties. */
const noValue = (path: Path) => path.includes("plan") || path.includes("diffReasons") || path[0] === "diagnostics";

describe("a secret", () => {
  it.each(ALPHABETS)("of the form %s in place of any property or configuration value is never shown", (secret) => {
    for (const name of ["decommission", "new-image", "locks-unknown", "dangerous-replacement"]) {
      const preview = JSON.parse(sample(name).preview) as Json;
      for (const path of places(preview).filter((one) => !noValue(one))) {
        const text = shown(JSON.stringify(planted(preview, path, secret)));
        expect(text.includes(secret), `${name}: ${path.join(".")}`).toBe(false);
      }
    }
  });

  it.each(Object.keys(SAMPLES))("in place of any string of the preview of %s is never shown", (name) => {
    const preview = JSON.parse(sample(name).preview) as Json;
    const all = places(preview);
    expect(all.length).toBeGreaterThan(5);
    for (const path of all) {
      const text = shown(JSON.stringify(planted(preview, path, PLANTED)));
      expect(text.includes(PLANTED), path.join(".")).toBe(false);
    }
  });

  it.each(Object.keys(SAMPLES))("in the middle of any property of the preview of %s is never shown", (name) => {
    const preview = JSON.parse(sample(name).preview) as Json;
    for (const path of places(preview).filter(([top]) => top !== "diagnostics")) {
      const value = String(path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], preview));
      const middle = Math.floor(value.length / 2);
      const secret = `${value.slice(0, middle)}${PLANTED}${value.slice(middle)}`;
      const text = shown(JSON.stringify(planted(preview, path, secret)));
      expect(text.includes(PLANTED), path.join(".")).toBe(false);
    }
  });

  it("beside the words that are quoted is taken out of them", () => {
    const preview = JSON.parse(sample("refusal").preview) as { diagnostics: { message: string }[] };
    const secrets = [
      "sk-live-0123456789abcdef",
      "pit-0123456789abcdef",
      "postgresql://app:hunter2@db.example:5432/x",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
      "Bearer abcdef0123456789",
      "https://hooks.example/in?token=abc123",
      "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA",
    ];
    const [first] = preview.diagnostics;
    if (!first) throw new Error("the sample has no diagnostic");
    for (const secret of secrets) {
      const message = `${first.message.trimEnd()}\n  found ${secret} there\n`;
      const text = shown(JSON.stringify({ ...preview, diagnostics: [{ ...first, message }] }));
      expect(text).toContain("skips a rung");
      expect(text, secret).not.toContain(secret.split(/[?]/).at(-1));
    }
  });

  it("that stands in a property and is repeated in a message is taken out of the message", () => {
    const parsed = JSON.parse(sample("refusal").preview) as {
      config: Record<string, string>;
      diagnostics: { message: string }[];
    };
    const [first] = parsed.diagnostics;
    const word = "correct horse battery";
    const preview = {
      ...parsed,
      config: { ...parsed.config, "cutover:environment": JSON.stringify({ OPENAI_API_KEY: word }) },
      diagnostics: [{ ...first, message: `${first?.message.trimEnd()}\n  not ${word}\n` }],
    };
    const text = shown(JSON.stringify(preview));
    expect(text).not.toContain(word);
    expect(text).toContain("not [hidden]");
    expect(text).toContain("cutover:environment.OPENAI_API_KEY");
  });

  it("in the evidence is taken out like everywhere", () => {
    const evidence = sample("step-up-too-early").evidence?.replace("0/41 failed", "0/41 sk-live-0123456789abcdef");
    const text = shown(sample("step-up-too-early").preview, evidence);
    expect(text).toContain("0/41 [hidden]");
  });

  it("in a container's or function's variable is named by its place", () => {
    const container = JSON.stringify([{ name: "python", environment: [{ name: "OPENAI_API_KEY", value: PLANTED }] }]);
    const parsed = JSON.parse(sample("new-image").preview) as { steps: { urn: string; newState: Json }[] };
    const task = parsed.steps.find(({ urn }) => urn.endsWith("::python-task"));
    if (!task) throw new Error("the sample has no task definition");
    task.newState = { inputs: { containerDefinitions: container } };
    const text = shown(JSON.stringify(parsed));
    expect(text).toContain("variable `OPENAI_API_KEY` of `python-task`");
    expect(text).not.toContain(PLANTED);
  });
});

describe("ordinary words", () => {
  it("stay, even where a secret has the same ones", () => {
    const parsed = JSON.parse(sample("step-up").preview) as { config: Record<string, string> };
    const config = { ...parsed.config, "cutover:ghl": '{"token":"parallel"}' };
    expect(shown(JSON.stringify({ ...parsed, config }))).toContain("`parallel` → `ramp-25`");
  });
});
