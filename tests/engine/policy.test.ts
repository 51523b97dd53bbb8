import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { policyReport } from "../../policy/report";
import { runCommand } from "../../rehearsal/engine/command";
import { TOKENS } from "../../rehearsal/ghl/tokens";
import { GitHubStandIn } from "../support/github";
import { PLANTED, PolicyWorld } from "./policy-world";

const MINUTE = 60_000;
let world: PolicyWorld;

beforeAll(async () => {
  world = await PolicyWorld.start();
}, 3 * MINUTE);

afterAll(() => world?.stop(), MINUTE);

describe("the policy pack on the real engine", { timeout: 4 * MINUTE }, () => {
  it("passes the program as it is", async () => {
    const log = world.file("passes.jsonl");
    const { exitCode, stdout, stderr } = await world.run(world.program, "preview", "--event-log", log);
    const said = `${stdout}${stderr}`;
    expect(said).toMatch(/cutover@v0\.1\.0/);
    expect(said).not.toMatch(/\[(mandatory|advisory)\]/);
    expect(exitCode, said).toBe(0);
    expect(policyReport(readFileSync(log, "utf8"))).toEqual({
      markdown: "### Policies\n\nEvery policy passes.\n",
      stopped: false,
    });
  });

  it("tells every violation in a preview, each with what mends it, and no secret", async () => {
    const { exitCode, stdout, stderr } = await world.run(world.violations, "preview");
    const said = `${stdout}${stderr}`;
    for (const expected of [
      /alarm-topic-key[\s\S]*remove kmsMasterKeyId/,
      /log-retention[\s\S]*set retentionInDays to 10 or more/,
      /least-outstanding-requests[\s\S]*python: set loadBalancingAlgorithmType/,
      /modern-tls[\s\S]*no sslPolicy is set/,
      /rules-have-one-owner[\s\S]*set ignoreChanges: \["conditions", "actions"\]/,
      /weights-are-percent[\s\S]*sum to 110; make them 100/,
      /least-privilege[\s\S]*allows sns:\*/,
      /alarms-armed[\s\S]*goes off at 50, the plan wants 5/,
      /python-share-on-ladder[\s\S]*parallel allows Python 10 %, not 20 %/,
      /no-plain-secrets[\s\S]*GoHighLevel token/,
      /node-until-decommission[\s\S]*Node's service is gone/,
      /weights-as-recorded[\s\S]*90 : 20.*80 : 20/,
      /triggers-armed[\s\S]*cutover-test-rollback-hard is missing/,
    ]) {
      expect(said).toMatch(expected);
    }
    expect(said).not.toContain("can't run policy");
    expect(said).not.toContain("4".repeat(12));
    expect(exitCode).not.toBe(0);
  });

  it("gives a comment the violations from the event log, which `preview --json` leaves out", async () => {
    const log = world.file("events.jsonl");
    const { stdout } = await world.run(world.violations, "preview", "--json", "--event-log", log);
    expect(stdout).not.toContain("remove kmsMasterKeyId");
    const { markdown, stopped } = policyReport(readFileSync(log, "utf8"));
    expect(stopped).toBe(true);
    expect(markdown).toMatch(/\*\*must\*\* `alarm-topic-key` \(`rollback`\): rollback: alarms can't publish/);
    expect(markdown).toMatch(/`triggers-armed`: The trigger cutover-test-python-probes is missing/);
    expect(markdown).not.toContain("<{%");
    expect(markdown).not.toContain("4".repeat(12));
  });

  it("is part of the preview workflow's step, which writes one comment without any secret", async () => {
    const before = await world.postgres.snapshot();
    const { result, out } = await world.previewStep();
    const comment = readFileSync(join(out, "comment.md"), "utf8");
    expect(comment).toMatch(/^<!-- cutover:test -->\n## test: build it \(`prepare`\)/);
    expect(comment).toMatch(/### Policies\n\nEvery policy passes\.\n$/);
    for (const secret of [PLANTED, TOKENS.write, TOKENS.readonly, "postgresql://"]) {
      expect(comment).not.toContain(secret);
      expect(result.stderr).not.toContain(secret);
    }
    expect(result.exitCode, result.stderr).toBe(0);
    expect(world.ghl.writes()).toEqual([]);
    expect(await world.postgres.snapshot()).toEqual(before);
    await putsOneComment(join(out, "comment.md"));
  });

  it("is seen by CI's step for the official release, which leaves nothing behind", async () => {
    const { exitCode, stdout, stderr } = await world.releaseStep();
    expect(`${stdout}${stderr}`).toMatch(/the policy pack runs by v3\..*stops a stack that breaks it/);
    expect(exitCode).toBe(0);
    expect(existsSync(join(__dirname, "fixtures/policy/Pulumi.test.yaml"))).toBe(false);
  });

  it("stops an update before the resource is touched", async () => {
    const { exitCode } = await world.run(world.violations, "up", "--skip-preview");
    expect(exitCode).not.toBe(0);
    const { TargetGroups } = await world.world.elb.describeTargetGroups({});
    expect(TargetGroups?.map(({ TargetGroupName }) => TargetGroupName)).not.toContain("cutover-test-python");
  });

  it("stops an update by a stack policy alone in the preview that every `up` begins with", async () => {
    const levels = world.file("only-triggers.json");
    writeFileSync(levels, JSON.stringify({ all: "disabled", "triggers-armed": "mandatory" }));
    const { exitCode, stdout, stderr } = await world.run(world.violations, "up", "--policy-pack-config", levels);
    expect(`${stdout}${stderr}`).toMatch(/triggers-armed[\s\S]*cutover-test-rollback-hard is missing/);
    expect(`${stdout}${stderr}`).not.toContain("least-outstanding-requests");
    expect(exitCode).not.toBe(0);
    const { TargetGroups } = await world.world.elb.describeTargetGroups({});
    expect(TargetGroups?.map(({ TargetGroupName }) => TargetGroupName)).not.toContain("cutover-test-python");
  });
});

/** The workflow's last step, twice: the comment is made, then edited. */
async function putsOneComment(file: string): Promise<void> {
  const github = new GitHubStandIn();
  await github.start();
  try {
    for (let time = 0; time < 2; time++) {
      const { exitCode, stderr } = await runCommand({
        command: "node",
        args: [join(__dirname, "../../.github/scripts/comment.mjs")],
        cwd: join(__dirname, "../.."),
        env: {
          ...world.program.environment,
          FILE: file,
          PR: "7",
          STACK: "test",
          GITHUB_REPOSITORY: "us/cutover",
          GITHUB_API_URL: github.url,
          GH_TOKEN: "github-token",
        },
        logFile: world.file("comment.log"),
        deadlineMs: 30_000,
      });
      expect(exitCode, stderr).toBe(0);
    }
    expect(github.methods).toEqual(["GET", "POST", "GET", "PATCH"]);
    expect(github.comments.map(({ body }) => body)).toEqual([readFileSync(file, "utf8")]);
  } finally {
    await github.stop();
  }
}
