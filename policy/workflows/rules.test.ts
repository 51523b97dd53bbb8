import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dependabotProblems, workflowProblems } from "./rules";

// The YAML parser of the Pulumi SDK: this project has none of its own.
const { load } = createRequire(require.resolve("@pulumi/pulumi"))("js-yaml") as { load: (text: string) => unknown };
const folder = join(__dirname, "../../.github/workflows");
const files = readdirSync(folder);
const read = (file: string) => readFileSync(join(folder, file), "utf8");
const problems = (file: string, text: string) => workflowProblems({ file, text, parsed: load(text) });

it("there are the five workflows and no other", () => {
  expect(files.sort()).toEqual(["danger-label.yml", "deploy.yml", "drift.yml", "preview.yml", "rollback.yml"]);
});

it.each(files)("%s is as it must be", (file) => {
  expect(problems(file, read(file))).toEqual([]);
});

/** As GitHub writes expressions. */
const expression = (inside: string) => `\${{ ${inside} }}`;

describe("each rule bites", () => {
  it.each([
    ["preview.yml", /(actions\/checkout@)[0-9a-f]{40} # v6.0.1/, "$1v6", /not pinned/],
    ["preview.yml", /# v6\.0\.1/, "", /not pinned/],
    ["preview.yml", "pull_request:", "pull_request_target:", /runs on pull_request_target/],
    ["preview.yml", "permissions:\n  contents: read", "permissions: write-all", /whole file to contents: read/],
    ["preview.yml", "pull-requests: write", "actions: write", /may not have actions: write/],
    ["preview.yml", "secrets.GHL_READONLY_TOKEN", "secrets.GHL_TOKEN", /secret GHL_TOKEN/],
    ["preview.yml", "secrets.GHL_READONLY_TOKEN", "toJSON(secrets[github.job])", /must not see/],
    ["preview.yml", /if: github\.event.*/, "name: any", /fork's code/],
    ["preview.yml", / && github\.event.*user\.login != 'dependabot\[bot\]'/, "", /to Dependabot's code/],
    ["preview.yml", / && github\.actor != 'dependabot\[bot\]'/, "", /to Dependabot's push/],
    ["preview.yml", " && github.actor", " || github.actor", /to Dependabot's push/],
    ["preview.yml", "    needs: preview\n    if: always()\n", "    needs: preview\n", /count as passed/],
    ["preview.yml", "    needs: preview\n", "", /count as passed/],
    ["preview.yml", /environment: preview.*/, "name: any", /outside its environment/],
    ["preview.yml", /persist-credentials: false/, "fetch-depth: 1", /leaves a token/],
    ["preview.yml", /timeout-minutes: 20/, "", /no timeout-minutes/],
    ["preview.yml", "run: npm ci", `run: echo ${expression("github.event.pull_request.title")}`, /pass it by env/],
    ["preview.yml", /concurrency:\n.*\n.*\n/, "", /concurrency group/],
    ["deploy.yml", "branches: [main]", 'branches: ["**"]', /other branches than main/],
    ["deploy.yml", "cancel-in-progress: false", "cancel-in-progress: true", /killed halfway/],
    ["deploy.yml", "group: deploy-prod", "group: deploy-dev", /job prod: updates could run at the same time/],
    ["deploy.yml", "jobs:", "concurrency:\n  group: deploy\njobs:", /holds up dev/],
    ["deploy.yml", "    needs: dev\n", "", /prod does not wait for dev/],
    ["deploy.yml", "    needs: dev\n", "    needs: dev\n    strategy:\n      matrix: {}\n", /updates several stacks/],
    ["preview.yml", /CUTOVER_READ_ONLY: "1"/, "X: 1", /may fall back on a token that writes/],
    ["drift.yml", /CUTOVER_READ_ONLY: "1"/, "X: 1", /may fall back on a token that writes/],
    ["danger-label.yml", "pull-requests: write", "issues: write", /may not have issues: write/],
    ["deploy.yml", " --policy-pack policy", "", /without the policy pack/],
    ["deploy.yml", /role-to-assume: .*/, "aws-access-key-id: AKIA", /assume a role by OIDC/],
    ["deploy.yml", "environment: prod", "environment: anything", /outside its environment/],
    ["rollback.yml", "jobs:", "concurrency: deploy\njobs:", /must wait for nothing/],
    [
      "rollback.yml",
      "run: node .github/scripts/rollback.mjs",
      `run: echo ${expression("inputs.reason")}`,
      /pass it by env/,
    ],
    ["drift.yml", "issues: write", "actions: write", /may not have actions: write/],
  ] as const)("%s: %s → %s", (file, from, to, expected) => {
    const before = read(file);
    const after = before.replace(from, () => to.replace("$1", "actions/checkout@"));
    expect(after).not.toBe(before);
    expect(problems(file, after).join("\n")).toMatch(expected);
  });
});

describe("dependabot.yml", () => {
  const text = readFileSync(join(folder, "../dependabot.yml"), "utf8");

  it("renews actions and packages, none on the day it came out", () => {
    expect((load(text) as { updates: unknown[] }).updates).toHaveLength(2);
    expect(dependabotProblems(load(text))).toEqual([]);
  });

  it.each([
    ["no cooldown", / {4}cooldown:\n {6}default-days: 7\n/, ""],
    ["a shorter one", "default-days: 7", "default-days: 1"],
    ["a misspelt one", "default-days: 7", "default_days: 7"],
  ] as const)("%s is a problem", (_what, from, to) => {
    const after = text.replace(from, to);
    expect(after).not.toBe(text);
    expect(dependabotProblems(load(after))).toEqual([
      expect.stringMatching(/github-actions takes releases of the day/),
    ]);
  });
});
