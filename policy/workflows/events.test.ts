import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

// The YAML parser of the Pulumi SDK: this project has none of its own.
const { load } = createRequire(require.resolve("@pulumi/pulumi"))("js-yaml") as { load: (text: string) => unknown };

interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Workflow {
  readonly on: { readonly pull_request: { readonly types: readonly string[] } };
  readonly jobs: Readonly<Record<string, { readonly if: string; readonly steps: readonly Step[] }>>;
}

const workflow = (file: string) =>
  load(readFileSync(join(__dirname, "../../.github/workflows", file), "utf8")) as Workflow;
const preview = workflow("preview.yml");
const dangerLabel = workflow("danger-label.yml");
const steps = preview.jobs.preview?.steps ?? [];
const previewStep = steps.find(({ id }) => id === "preview");

/** What GitHub sends and knows when something happens to a pull request. */
interface Happened {
  readonly action: string;
  readonly actor?: string;
  readonly author?: string;
  readonly repository?: string;
  readonly label?: string;
  readonly labels?: readonly string[];
}

function contextOf({ action, actor = "ada", author = "ada", repository = "us/cutover", label, labels = [] }: Happened) {
  const head = { repo: { full_name: repository }, sha: "0123456789abcdef" };
  const pull_request = { number: 7, user: { login: author }, head, labels: labels.map((name) => ({ name })) };
  const event = { action, pull_request, ...(label === undefined ? {} : { label: { name: label } }) };
  return { actor, repository: "us/cutover", event };
}

/** A workflow's expression, by the part of GitHub's language that these files use: what is not there is nothing, not an error. */
function evaluate(expression: string, happened: Happened): unknown {
  const script = expression
    .replace(/^\$\{\{(.*)\}\}$/, "$1")
    .replace(/\.\*\.(\w+)/g, "?.map((one) => one.$1)")
    .replace(/\b(github[\w.]*)/g, (path) => path.replaceAll(".", "?."));
  const contains = (all: readonly unknown[], one: unknown) => all.includes(one);
  return runInNewContext(script, { github: contextOf(happened), contains });
}

/** The commit that a person sees as the last one of the pull request, as GitHub writes expressions. */
const HEAD = `\${{ github.event.pull_request.head.sha }}`;
const DANGER = "danger-accepted";

describe("danger-accepted", () => {
  it.each<[string, boolean, Happened]>([
    ["is set", true, { action: "labeled", label: DANGER, labels: [DANGER] }],
    ["is there while another is set", false, { action: "labeled", label: "bug", labels: [DANGER, "bug"] }],
    ["is there while another goes", false, { action: "unlabeled", label: "bug", labels: [DANGER] }],
    ["goes", false, { action: "unlabeled", label: DANGER }],
    ["is there at a push", false, { action: "synchronize", labels: [DANGER] }],
    ["is there when it is reopened, perhaps after a push", false, { action: "reopened", labels: [DANGER] }],
    ["is there from the beginning", false, { action: "opened", labels: [DANGER] }],
  ])("where it %s, dangers are accepted: %s", (_what, accepted, happened) => {
    expect(preview.on.pull_request.types).toContain(happened.action);
    expect(evaluate(String(previewStep?.env?.DANGER_ACCEPTED), happened)).toBe(accepted);
  });

  it("is taken away by each push and by reopening, and nothing cancels that", () => {
    expect(dangerLabel.on.pull_request.types).toEqual(["synchronize", "reopened"]);
    expect(dangerLabel).toMatchObject({ concurrency: { "cancel-in-progress": false } });
    const drop = dangerLabel.jobs.drop;
    expect(evaluate(String(drop?.if), { action: "reopened", labels: ["bug", DANGER] })).toBe(true);
    expect(evaluate(String(drop?.if), { action: "reopened", labels: ["bug"] })).toBe(false);
    expect(drop?.steps[0]?.run).toContain(
      '--method DELETE "repos/$GITHUB_REPOSITORY/issues/$PR/labels/danger-accepted"',
    );
  });
});

describe("the job with credentials", () => {
  it.each<[string, boolean, Happened]>([
    ["somebody of ours", true, { action: "opened" }],
    ["a fork", false, { action: "opened", repository: "stranger/cutover" }],
    ["Dependabot", false, { action: "opened", author: "dependabot[bot]", actor: "dependabot[bot]" }],
    ["Dependabot, labelled by a person", false, { action: "labeled", label: DANGER, author: "dependabot[bot]" }],
    ["a person, pushed to by Dependabot", false, { action: "synchronize", actor: "dependabot[bot]" }],
  ])("for the code of %s runs: %s", (_whose, runs, happened) => {
    expect(evaluate(String(preview.jobs.preview?.if), happened)).toBe(runs);
  });

  it.each([
    ["success", 0, /^$/],
    ["skipped", 1, /^Not previewed: .*pull request of your own/],
    ["failure", 1, /ended with "failure"/],
    ["cancelled", 1, /ended with "cancelled"/],
    ["", 1, /ended with ""/],
  ])("and the required check, where it ended with %j, exits with %i", (result, status, said) => {
    const script = String(preview.jobs.previewed?.steps[0]?.run);
    const ran = spawnSync("bash", ["-e", "-c", script], { env: { RESULT: result }, encoding: "utf8" });
    expect(ran.status).toBe(status);
    expect(ran.stdout.trim()).toMatch(said);
  });
});

describe("the comment", () => {
  it("is told which commit it is of: the branch's, not GitHub's merge", () => {
    expect(previewStep?.env?.COMMIT).toBe(HEAD);
  });

  it("is replaced where the job did not get as far as the preview, also when it was cut off", () => {
    const last = steps.at(-1);
    expect(last).toMatchObject({ if: "always()", run: ".github/scripts/no-preview.sh" });
    expect(last?.env).toMatchObject({
      PREVIEWED: expect.stringMatching(/^\$\{\{ steps\.preview\.outcome \}\}$/),
      COMMIT: HEAD,
      // The same file: what preview.sh has written is found.
      FILE: `${previewStep?.env?.OUT}/comment.md`,
    });
  });
});
