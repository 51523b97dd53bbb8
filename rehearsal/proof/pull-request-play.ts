import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ladder } from "@cutover/domain/phases";
import { projectRoot } from "../../tools/toolchain";
import { type CommandResult, runCommand } from "../engine/command";
import { describeChanges, describeErrors } from "../engine/events";
import { packWithoutHost } from "../engine/policy-pack";
import { TOKENS } from "../ghl/tokens";
import { MESSAGES_PER_PHASE, SENDERS } from "../story/traffic";
import { waitFor } from "../support/wait";
import { imageOf, PYTHON_REPOSITORY } from "../world/names";
import { previewFixture } from "./preview-fixture";
import { inProofWorld, type ProofScene } from "./world";

/** One run of a script of `.github/scripts`. */
export interface ScriptRun {
  readonly exitCode: number;
  /** What the job's log would hold. */
  readonly said: string;
  /** `comment.md` or `issue.md`, where it was written. */
  readonly written: string | undefined;
}

/** What pull requests and the drift check showed of a stack that is at `parallel`. */
export interface PullRequestResult {
  /** A second update with the policy pack, on the stack as it is deployed: what it changed, and which policies it breaks. */
  readonly again: {
    readonly exitCode: number;
    readonly changes: string;
    readonly judged: boolean;
    readonly broken: readonly string[];
  };
  /** Dates of the notices that are planned, by the schedules' names. */
  readonly schedules: Readonly<Record<string, string>>;
  /** The pull request that takes the next rung, and one that skips it. */
  readonly stepUp: ScriptRun;
  readonly skipped: ScriptRun;
  /** Writes to GoHighLevel during both, and whether the state is as before. */
  readonly ghlWrites: number;
  readonly stateUntouched: boolean;
  readonly drift: { readonly none: ScriptRun; readonly some: ScriptRun; readonly gone: ScriptRun };
  /** What `gh` was called with, in this order. */
  readonly gh: readonly string[];
  /** Secrets of the stack that stand in any of the texts: how many were looked for, and where one was found. */
  readonly secrets: { readonly lookedFor: number; readonly foundIn: readonly string[] };
  readonly worldProblems: readonly string[];
  /** Previews for fixtures by name, without the stack's secrets; only where they are asked for. */
  readonly previews: Readonly<Record<string, string>>;
}

const NEXT = "ramp-25";
const WAIT_MS = 180_000;

/**
 * Takes a stack to `parallel` and runs the workflows' own scripts against it.
 * @param keepPreviews whether to keep what `pulumi preview --json` says of every step on the way, and of others from there
 */
export function playPullRequests(keepPreviews: boolean): Promise<PullRequestResult> {
  return inProofWorld(async (scene) => {
    const kept = new Map<string, string>();
    const keep = async (name: string) => {
      if (keepPreviews) kept.set(name, await previewOf(scene));
    };
    await climb(scene, keep);
    const again = await secondUpdate(scene);
    const schedules = await schedulesOf(scene);
    const scripts = new Scripts(scene);
    const before = await stateOf(scene);
    const writes = scene.stage.ghl.writes().length;
    await evidence(scene);
    await scene.stage.engine.configSet({ key: "cutover:phase", value: NEXT });
    const stepUp = await scripts.preview("step-up");
    await scene.stage.engine.configSet({ key: "cutover:phase", value: "ramp-50" });
    const skipped = await scripts.preview("skipped");
    await scene.stage.engine.configSet({ key: "cutover:phase", value: "parallel" });
    const ghlWrites = scene.stage.ghl.writes().length - writes;
    const stateUntouched = (await stateOf(scene)) === before;
    if (keepPreviews) await others(scene, keep);
    const secrets = await secretsOf(scene);
    const drift = await driftOf(scene, scripts, secrets);
    const texts = { stepUp, skipped, ...drift };
    const foundIn = Object.entries(texts).flatMap(([name, run]) =>
      secrets.some((one) => `${run.said}${run.written ?? ""}`.includes(one)) ? [name] : [],
    );
    return {
      again,
      schedules,
      stepUp,
      skipped,
      ghlWrites,
      stateUntouched,
      drift,
      gh: scripts.ghCalls(),
      secrets: { lookedFor: secrets.length, foundIn },
      worldProblems: scene.problems,
      previews: Object.fromEntries([...kept].map(([name, text]) => [name, previewFixture(text, secrets)])),
    };
  });
}

/** What a pull request would do, as the engine tells it. */
async function previewOf({ stage: { engine, signal } }: ProofScene): Promise<string> {
  const result = await runCommand({
    command: "pulumi",
    args: ["preview", "--json", "--non-interactive", "--color", "never"],
    cwd: projectRoot(__dirname),
    env: engine.environment,
    logFile: join(engine.temporaryFolder, "previews.log"),
    deadlineMs: WAIT_MS,
    private: true,
    signal,
  });
  return result.stdout;
}

/** Other changes of a stack at `parallel`: the next rung, all back to Node, another image. */
async function others({ stage: { engine } }: ProofScene, keep: (name: string) => Promise<void>): Promise<void> {
  const changes: Readonly<Record<string, readonly [key: string, value: string, back: string]>> = {
    "step-up": ["cutover:phase", NEXT, "parallel"],
    "node-only": ["cutover:phase", "node-only", "parallel"],
    "new-image": ["cutover:python.image", imageOf(PYTHON_REPOSITORY, "c"), imageOf(PYTHON_REPOSITORY, "b")],
  };
  for (const [name, [key, value, back]] of Object.entries(changes)) {
    await engine.configSet({ key, value });
    await keep(name);
    await engine.configSet({ key, value: back });
  }
}

/** By real updates, each as soon as the gate lets it through. */
async function climb({ stage, terminal }: ProofScene, keep: (name: string) => Promise<void>): Promise<void> {
  const { engine, signal } = stage;
  const below = ladder.slice(
    0,
    ladder.findIndex((phase) => phase.name === NEXT),
  );
  for (const { name } of below) {
    const activity = terminal.activity(`pulumi up (${name})`);
    await engine.configSet({ key: "cutover:phase", value: name });
    await keep(name);
    const up = await waitFor(
      async () => {
        const tried = await engine.up({ allowFailure: true, onProgress: activity.progress });
        const refused = tried.exitCode !== 0 && tried.changed === 0;
        return refused ? Promise.reject(new Error(describeErrors(tried.diagnostics))) : tried;
      },
      { what: `${name} not to be refused`, deadlineMs: WAIT_MS, everyMs: 1000, signal },
    );
    if (up.exitCode !== 0) throw new Error(`pulumi up (${name}): ${describeErrors(up.diagnostics)}`);
    activity.done();
  }
}

async function secondUpdate({ stage: { engine } }: ProofScene): Promise<PullRequestResult["again"]> {
  const { exitCode, changes, text } = await engine.up({ expectNoChanges: true, allowFailure: true, policies: true });
  const broken = text.match(/\[(mandatory|advisory)\].*/g) ?? [];
  return { exitCode, changes: describeChanges(changes), judged: text.includes("cutover@v"), broken };
}

async function schedulesOf({ stage: { aws } }: ProofScene): Promise<Record<string, string>> {
  const { Schedules = [] } = await aws.scheduler.listSchedules({});
  const entries = Schedules.map(async ({ Name = "" }) => {
    const { ScheduleExpression = "" } = await aws.scheduler.getSchedule({ Name });
    return [Name, ScheduleExpression] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Messages until `cutover next` opens the next rung. */
async function evidence({ stage, traffic, terminal }: ProofScene): Promise<void> {
  const activity = terminal.activity(`evidence for ${NEXT}`);
  await traffic.window(MESSAGES_PER_PHASE, SENDERS, () => {});
  await waitFor(async () => (await stage.engine.cutover("next")).exitCode === 0, {
    what: `cutover next to open ${NEXT}`,
    deadlineMs: WAIT_MS,
    everyMs: 1000,
    signal: stage.signal,
  });
  activity.done("PASS");
}

/** Nothing, then a setting in AWS and a value in GoHighLevel changed by hand, then both put back. */
async function driftOf(
  { stage }: ProofScene,
  scripts: Scripts,
  secrets: string[],
): Promise<PullRequestResult["drift"]> {
  const { aws, ghl, secretValue } = stage;
  const logGroupName = `/aws/lambda/cutover-${stage.stack}-rollback`;
  const none = await scripts.drift("none");
  const [group] = (await aws.logs.describeLogGroups({ logGroupNamePrefix: logGroupName })).logGroups ?? [];
  const declared = group?.retentionInDays;
  const secret = ghl.valueOf(secretValue);
  if (declared === undefined || secret === undefined) throw new Error("the stack is not as a deployed one is");
  const byHand = "changed-by-hand-opens-nothing-0123456789";
  secrets.push(byHand);
  await aws.logs.putRetentionPolicy({ logGroupName, retentionInDays: 1 });
  ghl.editByHand(secretValue, byHand);
  const some = await scripts.drift("some");
  await aws.logs.putRetentionPolicy({ logGroupName, retentionInDays: declared });
  ghl.editByHand(secretValue, secret);
  return { none, some, gone: await scripts.drift("gone") };
}

/** Everything in Secrets Manager, the tokens of GoHighLevel, and the databases' URLs: whole, and their passwords. */
async function secretsOf({ stage }: ProofScene): Promise<string[]> {
  const { aws, ghl, postgres } = stage;
  const { SecretList = [] } = await aws.secrets.listSecrets({});
  const values = await Promise.all(SecretList.map(({ ARN }) => aws.secrets.getSecretValue({ SecretId: ARN })));
  const inside = values.flatMap(({ SecretString = "{}" }) => Object.values(JSON.parse(SecretString) as object));
  const urls = [postgres.url, postgres.appUrl, ...inside.map(String).filter((one) => one.startsWith("postgres"))];
  const passwords = urls.map((url) => new URL(url).password);
  const known = [...inside.map(String), ...Object.values(TOKENS), ghl.valueOf(stage.secretValue) ?? "", ...urls];
  // Node's URL and the location's id are no secrets, though they lie beside some.
  const open = new Set([stage.urlAsFound, ghl.locationId, `https://${stage.domain}/webhooks/ghl`]);
  return [...new Set([...known, ...passwords])].filter((one) => one.length >= 8 && !open.has(one));
}

async function stateOf({ stage }: ProofScene): Promise<string> {
  const { deployment } = await stage.engine.exportState();
  return JSON.stringify(deployment?.resources?.map(({ urn, id }) => [urn, id]));
}

/** The workflows' steps as the runner calls them, with the engine's environment and a `gh` that keeps one issue. */
class Scripts {
  readonly #scene: ProofScene;
  readonly #folder: string;
  readonly #root = projectRoot(__dirname);

  constructor(scene: ProofScene) {
    this.#scene = scene;
    this.#folder = join(scene.stage.engine.temporaryFolder, "workflow");
    mkdirSync(join(this.#folder, "bin"), { recursive: true });
    packWithoutHost(join(this.#folder, "pack"), this.#root);
    const issue = join(this.#folder, "issue");
    const body = `echo "$*" >>'${join(this.#folder, "gh.calls")}'
case "$1 $2" in
  "issue list") cat '${issue}' 2>/dev/null ;;
  "issue create") echo 9 >'${issue}' ;;
  "issue close") rm -f '${issue}' ;;
esac
exit 0`;
    this.#command("gh", body);
  }

  #command(name: string, body: string): void {
    const path = join(this.#folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }

  ghCalls(): string[] {
    return readFileSync(join(this.#folder, "gh.calls"), "utf8").trim().split("\n");
  }

  /** As preview.yml: nothing that writes. */
  preview(name: string): Promise<ScriptRun> {
    const pack = join(this.#folder, "pack");
    return this.#run("preview.sh", name, "comment.md", {
      POLICY_PACK: pack,
      AWS_REGION: "us-east-1",
      CUTOVER_READ_ONLY: "1",
      CUTOVER_GHL_TOKEN: TOKENS.readonly,
    });
  }

  /** As drift.yml. */
  drift(name: string): Promise<ScriptRun> {
    return this.#run("drift.sh", name, "issue.md", {
      AWS_REGION: "us-east-1",
      CUTOVER_GHL_TOKEN: TOKENS.readonly,
      GITHUB_REPOSITORY: "us/cutover",
      RUN_URL: "https://github.example/run/1",
    });
  }

  async #run(script: string, name: string, file: string, more: Record<string, string>): Promise<ScriptRun> {
    const { engine, stack, signal } = this.#scene.stage;
    const activity = this.#scene.terminal.activity(`${script} (${name})`);
    const out = join(this.#folder, name);
    const path = [join(this.#folder, "bin"), join(this.#folder, "pack"), engine.environment.PATH].join(delimiter);
    const result: CommandResult = await runCommand({
      command: join(this.#root, ".github/scripts", script),
      args: [],
      cwd: this.#root,
      env: { ...engine.environment, ...more, PATH: path, STACK: stack, OUT: out, PULUMI: "pulumi" },
      logFile: join(this.#folder, "scripts.log"),
      deadlineMs: WAIT_MS,
      signal,
    });
    activity.done(`exit code ${result.exitCode}`);
    return {
      exitCode: result.exitCode,
      said: `${result.stdout}${result.stderr}`,
      written: readIfThere(join(out, file)),
    };
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
