import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GitHubStandIn } from "../../tests/support/github";

const scripts = join(__dirname, "../../.github/scripts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-ci-"));
  mkdirSync(join(folder, "bin"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A command of that name that notes its arguments and what it read, and answers as the shell text says. */
function fake(name: string, body: string): void {
  const path = join(folder, "bin", name);
  writeFileSync(path, `#!/bin/bash\nprintf '%s\\n' "$*" >>'${folder}/${name}.calls'\n${body}\n`);
  chmodSync(path, 0o755);
}

const calls = (name: string) =>
  existsSync(join(folder, `${name}.calls`)) ? readFileSync(join(folder, `${name}.calls`), "utf8") : "";

function run(script: string, env: Record<string, string>) {
  const path = [join(folder, "bin"), dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter);
  const [command, ...args] = script.endsWith(".mjs")
    ? [process.execPath, join(scripts, script)]
    : [join(scripts, script)];
  const { status, stdout, stderr } = spawnSync(String(command), args, {
    env: { PATH: path, HOME: folder, ...env },
    encoding: "utf8",
  });
  return { status, said: `${stdout}${stderr}` };
}

/** A script beside this process, which has to answer it. */
async function runBeside(
  script: string,
  env: Record<string, string>,
): Promise<{ status: number | null; said: string }> {
  const file = join(scripts, script);
  const [command, ...args] = script.endsWith(".mjs") ? [process.execPath, file] : [file];
  const child = spawn(String(command), args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, said };
}

describe("comment.mjs", () => {
  const github = new GitHubStandIn();
  beforeEach(() => github.start());
  afterEach(async () => {
    await github.stop();
    github.comments.length = 0;
    github.methods.length = 0;
    github.broken = undefined;
  });
  const marked = (text = "hello") => writeFileSync(join(folder, "c.md"), `<!-- cutover:prod -->\n${text}\n`);
  const put = (token = "github-token") =>
    runBeside("comment.mjs", {
      FILE: join(folder, "c.md"),
      PR: "7",
      STACK: "prod",
      GITHUB_REPOSITORY: "us/cutover",
      GITHUB_API_URL: github.url,
      GH_TOKEN: token,
    });

  it("makes the comment, then edits it in place", async () => {
    marked("first");
    expect(await put()).toEqual({ status: 0, said: "" });
    marked("second");
    expect(await put()).toEqual({ status: 0, said: "" });
    expect(github.methods).toEqual(["GET", "POST", "GET", "PATCH"]);
    expect(github.comments.map(({ body }) => body)).toEqual(["<!-- cutover:prod -->\nsecond\n"]);
  });

  it("finds it behind a hundred others, and takes nobody else's for its own", async () => {
    for (let i = 0; i < 130; i++) github.say("somebody", "<!-- cutover:prod -->\nquoted");
    github.say("github-actions[bot]", "<!-- cutover:dev -->\nanother stack");
    github.say("github-actions[bot]", "<!-- cutover:prod -->\nold");
    marked("new");
    expect((await put()).status).toBe(0);
    expect(github.methods).toEqual(["GET", "GET", "PATCH"]);
    expect(github.comments.at(-1)?.body).toContain("new");
    expect(github.comments).toHaveLength(132);
  });

  it("refuses a text that it could not find again, and does not post when it could not look", async () => {
    writeFileSync(join(folder, "c.md"), "hello\n");
    expect(await put()).toMatchObject({ status: 1, said: expect.stringContaining("would never be found") });
    expect(github.methods).toEqual([]);
    marked();
    github.broken = 502;
    expect(await put()).toEqual({
      status: 1,
      said: "GitHub answered 502 to GET issues/7/comments?per_page=100&page=1\n",
    });
    github.broken = undefined;
    expect((await put("wrong")).said).toMatch(/^GitHub answered 401/);
    expect(github.comments).toEqual([]);
  });
});

describe("no-preview.sh", () => {
  const github = new GitHubStandIn();
  beforeEach(() => github.start());
  afterEach(() => github.stop());
  const file = () => join(folder, "preview/comment.md");
  const end = async (previewed: string) =>
    runBeside("no-preview.sh", {
      PATH: [dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
      PREVIEWED: previewed,
      COMMIT: "0123456789abcdef0123456789abcdef01234567",
      RUN_URL: "https://github.example/run/1",
      FILE: file(),
      PR: "7",
      STACK: "prod",
      GITHUB_REPOSITORY: "us/cutover",
      GITHUB_API_URL: github.url,
      GH_TOKEN: "github-token",
    });
  const left = (text: string) => {
    mkdirSync(dirname(file()));
    writeFileSync(file(), text);
  };
  const bodies = () => github.comments.map(({ body }) => body);

  it.each([
    ["was never begun", "skipped", undefined],
    ["left no comment", "failure", undefined],
    ["was cut off while it wrote", "cancelled", "<!-- cutover:prod -->\n## prod: `par"],
  ])("puts it in the place of the older comment where the preview %s", async (_what, previewed, text) => {
    github.comments.length = 0;
    github.say("github-actions[bot]", "<!-- cutover:prod -->\nof an older commit, all is well");
    if (text !== undefined) left(text);
    expect(await end(previewed)).toEqual({ status: 0, said: "" });
    expect(bodies()).toEqual([
      expect.stringMatching(
        /^<!-- cutover:prod -->\n## prod: no preview of this commit\n\nThe preview of commit 0123456789ab did not get that far: see \[.*\]\(https:\/\/github\.example\/run\/1\)/,
      ),
    ]);
  });

  it.each(["success", "failure"])("leaves the comment of a preview that ended with %s", async (previewed) => {
    github.methods.length = 0;
    left("<!-- cutover:prod -->\nthis commit\n");
    expect(await end(previewed)).toEqual({ status: 0, said: "" });
    expect(github.methods).toEqual([]);
    expect(readFileSync(file(), "utf8")).toContain("this commit");
  });
});

describe("rollback.mjs", () => {
  const env = { STACK: "prod", REASON: 'wrong "answers"; rm -rf $HOME `x` (by someone)' };
  /** An `aws` that writes this answer into the file it is given last. */
  const answering = (answer: object, meta: object = { StatusCode: 200 }) =>
    fake("aws", `cat >"\${@: -1}" <<'END'\n${JSON.stringify(answer)}\nEND\necho '${JSON.stringify(meta)}'`);

  it("invokes the function with the reason as it was typed, and tells what it did", () => {
    answering({
      outcome: "rolled-back",
      to: "node",
      sentence: 'The kill switch is "node".',
      steps: { switch: { state: "done", detail: "rule 30" } },
    });
    const { status, said } = run("rollback.mjs", env);
    expect(status).toBe(0);
    expect(said).toBe(
      'rolled-back: The kill switch is "node".\n  switch: done, rule 30\nNow: every customer\'s message goes to Node.\n',
    );
    expect(calls("aws")).toContain("--function-name cutover-prod-rollback");
    const payload = /--payload (\{.*\}) \//.exec(calls("aws"))?.[1] ?? "";
    expect(JSON.parse(payload)).toEqual({ source: "manual", reason: env.REASON });
  });

  it.each(["joined", "completed"])("counts %s as rolled back", (outcome) => {
    answering({ outcome, sentence: "x" });
    expect(run("rollback.mjs", env).status).toBe(0);
  });

  it.each(["rolled-back", "joined", "completed"])(
    "after %s into the inbox says that nobody answers customers",
    (outcome) => {
      answering({ outcome, to: "hold", sentence: "x" });
      const here = run("rollback.mjs", env);
      expect(here.status).toBe(0);
      expect(here.said).toMatch(/^Now: .*kept in the inbox, and nobody answers customers/m);
      expect(here.said).not.toMatch(/goes to Node|::warning/);
      expect(run("rollback.mjs", { ...env, GITHUB_ACTIONS: "true" }).said).toMatch(/^::warning .*nobody answers/m);
    },
  );

  it("does not guess where messages go when an older function does not say it", () => {
    answering({ outcome: "joined", sentence: "Already rolled back: rb-0001." });
    expect(run("rollback.mjs", env).said).toMatch(/not in the answer/);
  });

  it("fails where nothing moved", () => {
    answering({ outcome: "not-moved", sentence: "Node is dead." });
    expect(run("rollback.mjs", env)).toMatchObject({ status: 1, said: "not-moved: Node is dead.\n" });
  });

  it("fails where the function failed or could not be called, and says what to do", () => {
    answering({ errorMessage: "no rights" }, { StatusCode: 200, FunctionError: "Unhandled" });
    const { status, said } = run("rollback.mjs", env);
    expect(status).toBe(1);
    expect(said).toMatch(/no rights[\s\S]*docs\/runbook\.md/);
    fake("aws", "echo 'no such function' >&2; exit 254");
    expect(run("rollback.mjs", env)).toMatchObject({
      status: 1,
      said: expect.stringMatching(/could not be called \(254\)[\s\S]*By hand[\s\S]*no such function/),
    });
    fake("aws", "echo '{}'");
    expect(run("rollback.mjs", env).status).toBe(1);
  });
});

describe("drift.sh", () => {
  const env = () => ({
    STACK: "prod",
    OUT: join(folder, "out"),
    GITHUB_REPOSITORY: "us/cutover",
    RUN_URL: "https://github.example/run/1",
    PULUMI: join(folder, "bin/pulumi"),
  });
  // As Pulumi 3.250 prints it.
  const DRIFT = [
    "echo ' ~  aws:lb:ListenerRule traffic-kill-switch refreshing '",
    "echo ' ~  aws:sns:Topic rollback-people refreshing '",
    "echo '    aws:sns:Topic rollback-people  '",
    "echo ' ~  aws:lb:ListenerRule traffic-kill-switch update [diff: ~actions]'",
    "echo 'error: no changes were expected for refresh but changes were proposed'",
    "exit 7",
  ].join("; ");

  it("changes nothing in the stack", () => {
    fake("pulumi", "exit 0");
    fake("gh", "exit 0");
    expect(run("drift.sh", env()).status).toBe(0);
    expect(calls("pulumi")).toMatch(/^refresh --stack prod --preview-only --expect-no-changes/);
    expect(calls("gh")).not.toMatch(/issue (create|edit|close)/);
  });

  it("opens one issue, with what differs", () => {
    fake("pulumi", DRIFT);
    fake("gh", "exit 0");
    expect(run("drift.sh", env()).status).toBe(0);
    expect(calls("gh")).toContain("issue create --repo us/cutover --title Drift: stack prod is not what was declared");
    const body = readFileSync(join(folder, "out/issue.md"), "utf8");
    expect(body.split("\n").filter((line) => line.includes("aws:"))).toEqual([
      "     ~  aws:lb:ListenerRule traffic-kill-switch update [diff: ~actions]",
    ]);
    expect(body).toContain("https://github.example/run/1");
    expect(body).toMatch(/`webhook-url` or `webhook-secret`.*`pulumi up` does not put it back/);
  });

  it("edits the open one, and closes it when there is no drift", () => {
    fake("pulumi", DRIFT);
    fake("gh", 'if [[ $* == "issue list"* ]]; then echo 9; fi');
    run("drift.sh", env());
    expect(calls("gh")).toMatch(/issue edit 9 .*--body-file/);
    expect(calls("gh")).not.toContain("issue create");
    fake("pulumi", "exit 0");
    run("drift.sh", env());
    expect(calls("gh")).toMatch(/issue close 9 /);
  });

  it("does not take a failure for drift, nor for none", () => {
    fake("pulumi", "echo 'error: could not read the state'; exit 255");
    fake("gh", "exit 0");
    expect(run("drift.sh", env())).toMatchObject({ status: 1, said: expect.stringContaining("nobody knows") });
    expect(calls("gh")).toBe("");
  });
});

describe("preview.sh", () => {
  const env = () => ({ STACK: "prod", OUT: join(folder, "out"), PULUMI: join(folder, "bin/pulumi") });
  /** The commands behind the step, with the exit code of `cutover explain`, and of it without evidence. */
  const world = (explained: number, again = explained, policies = 0, previewed = 0) => {
    fake("pulumi", `echo '{}'; exit ${previewed}`);
    fake(
      "node",
      `case $2 in
  next) echo '{}' ;;
  explain) [[ $* == *--log* ]] && { echo "warning: said by the preview"; exit 0; }; echo "<!-- cutover:prod -->"; [[ $* == *"--evidence "* ]] && exit ${explained}; exit ${again} ;;
  policy/report.ts) echo policies; exit ${policies} ;;
esac`,
    );
  };
  const written = () => readFileSync(join(folder, "out/comment.md"), "utf8");

  it("puts what preview and evidence said into the job's log, and not into the comment", () => {
    world(0);
    const { said } = run("preview.sh", env());
    expect(said).toContain("warning: said by the preview");
    expect(written()).not.toContain("said by the preview");
    fake(
      "node",
      'case $2 in next) echo "no manifest in SSM" >&2; exit 2 ;; explain) echo "<!-- cutover:prod -->" ;; esac',
    );
    expect(run("preview.sh", env()).said).toContain("no manifest in SSM");
    expect(calls("node")).toMatch(/explain .*--evidence-unavailable/);
  });

  it("puts what was cut from explanation and policies into the job's log, whole, and nothing where nothing was cut", () => {
    fake("pulumi", "echo '{}'");
    fake(
      "node",
      `[[ $* == *--log* ]] && exit 0
case $2 in
  next) echo '{}' ;;
  explain) echo "<!-- cutover:prod -->"; if [[ $* == *"--max-length 61000"* ]]; then echo "1 row left out"; else printf 'row %.0s' {1..20000}; echo; fi; exit 1 ;;
  policy/report.ts) if [[ $* == *--whole* ]]; then echo "violation 2"; else echo "1 more: see the job's log"; fi ;;
esac`,
    );
    const { said } = run("preview.sh", env());
    expect(said).toMatch(/Nothing is left out here:\n<!-- cutover:prod -->\n(row ){20000}\n/);
    expect(said).toMatch(/Nothing is left out here:\nviolation 2\n/);
    expect(written()).toBe("<!-- cutover:prod -->\n1 row left out\n\n1 more: see the job's log\n");
    expect(calls("node").match(/--evidence \S+next\.json/g)).toHaveLength(2);
    world(0);
    writeFileSync(join(folder, "node.calls"), "");
    expect(run("preview.sh", env()).said).not.toContain("Nothing is left out");
    // What fits is explained once, besides what the preview said.
    expect(calls("node").match(/ explain /g)).toHaveLength(2);
  });

  it("hands the commit over where it is told, and says it where nothing could be explained", () => {
    const COMMIT = "0123456789abcdef0123456789abcdef01234567";
    world(0);
    run("preview.sh", { ...env(), COMMIT });
    expect(calls("node")).toContain(`--commit ${COMMIT} --evidence`);
    world(2);
    run("preview.sh", { ...env(), COMMIT });
    expect(written()).toContain("The preview of commit 0123456789ab ended before it could be explained");
    run("preview.sh", { ...env(), COMMIT: "main; rm" });
    expect(written()).toContain("The preview ended before it could be explained");
    writeFileSync(join(folder, "node.calls"), "");
    run("preview.sh", { ...env(), COMMIT: "" });
    expect(calls("node")).toContain("explain");
    expect(calls("node")).not.toContain("--commit");
  });

  it("passes where nothing is dangerous: a gate that only wants time is a notice", () => {
    world(0);
    expect(run("preview.sh", env()).status).toBe(0);
    expect(written()).toBe("<!-- cutover:prod -->\n\npolicies\n");
  });

  it.each<[string, Record<string, string>, number]>([
    ["no label", {}, 1],
    ["the label not set", { DANGER_ACCEPTED: "false" }, 1],
    ["the label", { DANGER_ACCEPTED: "true" }, 0],
  ])("a danger with %s", (_what, more, status) => {
    world(1);
    const ran = run("preview.sh", { ...env(), ...more });
    expect(ran.status).toBe(status);
    expect(ran.said).toMatch(status === 0 ? /accepted by the label/ : /dangerous: read the comment/);
    expect(written()).toContain("policies");
  });

  it("asks again without evidence that is no such file, and takes that answer", () => {
    world(2, 0);
    expect(run("preview.sh", env()).status).toBe(0);
    world(2, 1);
    expect(run("preview.sh", env()).status).toBe(1);
  });

  it("no label helps where a policy stops it, the preview failed, or nothing could be explained", () => {
    const accepted = { ...env(), DANGER_ACCEPTED: "true" };
    world(1, 1, 1);
    expect(run("preview.sh", accepted)).toMatchObject({ status: 1, said: expect.stringContaining("a policy stops") });
    world(1, 1, 0, 255);
    expect(run("preview.sh", accepted)).toMatchObject({ status: 1, said: expect.stringContaining("exit code 255") });
    world(2, 2);
    expect(run("preview.sh", accepted)).toMatchObject({ status: 1, said: expect.stringContaining("not be explained") });
    expect(written()).toContain("the preview failed");
  });
});
