import { describeErrors } from "../engine/events";
import type { ConfigEntry, EngineResult } from "../engine/stack";
import { waitFor } from "../support/wait";
import { imageOf, PYTHON_REPOSITORY } from "../world/names";
import { type Checks, same } from "./checks";
import { added, inventory, removed } from "./inventory";
import type { Scene } from "./scene";
import { STEADY_RATE } from "./traffic";

/** Something that is played before an update and judges itself. */
export interface Act {
  play(scene: Scene, checks: Checks): Promise<void>;
}

/** Real ms in which the gate has to see what the customers see: metrics come in rehearsal minutes. */
const SEEN_DEADLINE_MS = 60_000;
/** How long the override lasts, in rehearsal hours: longer than an update takes on the rehearsal's clock. */
const OVERRIDE_HOURS = 24;
/** Who takes the responsibility in the rehearsal, and why. */
export const OVERRIDE_NAME = "Rehearsal";
const OVERRIDE_REASON = "to see that it can be done";

/** A new image in mid-ladder, and nobody has accepted it. */
export const newImageUnaccepted: Act = {
  async play(scene, checks) {
    const image = imageOf(PYTHON_REPOSITORY, scene.memory.comingImage);
    const what = "pulumi up with a new image that nobody accepted";
    await refused(
      scene,
      checks,
      what,
      ["The Python image changes to"],
      [{ key: "cutover:python.image", value: image }],
    );
  },
};

/** The step up right after a new image came into service: what the one before it did counts for nothing. */
export const tooLittleEvidence: Act = {
  async play(scene, checks) {
    const before = await everything(scene);
    const says = ["NOT ENOUGH EVIDENCE to leave", "errors:"];
    await refused(scene, checks, "pulumi up to the next rung at once", says, [
      { key: "cutover:phase", value: "ramp-90" },
    ]);
    await checks.attempt(
      "refused with --skip-preview it left account, load balancer and state as they were",
      async () => difference(before, await everything(scene)),
    );
  },
};

/** A refusal is no reason to hide what the step would do: the preview shows it whole. */
export async function previewWithWatch({ stage }: Scene, checks: Checks): Promise<void> {
  const { engine } = stage;
  // The rehearsal sets the watch to 0; that the plan's hours would be asked for is seen here.
  await engine.configSet({ key: "cutover:bakeHours", value: "20" });
  const preview = await engine.preview({ allowFailure: true });
  await engine.configSet({ key: "cutover:bakeHours", value: "0" });
  checks.add("pulumi preview shows the verdict and the whole difference all the same", ...judgePreview(preview));
}

/** Python answers more slowly than the success criterion, and less than the trigger: nothing rolls back, the gate says no. */
export const failedCriterion: Act = {
  async play(scene, checks) {
    const { stage, traffic, terminal } = scene;
    const lift = stage.faults.inject("python-sluggish");
    traffic.setRate(STEADY_RATE);
    const activity = terminal.activity(
      "Python takes more than 2 s to answer, and less than 3; meanwhile pulumi preview, with a watch of 20 hours",
    );
    const failing = checks.attempt("cutover next sees the failed criterion, and nothing besides", async () => {
      const seen = await waitFor(() => failureSeen(scene), {
        what: "cutover next to call acknowledgement FAIL",
        deadlineMs: SEEN_DEADLINE_MS,
        everyMs: 250,
        signal: stage.signal,
      });
      return { ok: true, seen };
    });
    try {
      // Until the first slow answer is in a published minute the evidence is as little as before.
      await Promise.all([previewWithWatch(scene, checks), failing]);
    } finally {
      lift();
      activity.done("seen");
    }
    const said = await refused(scene, checks, "pulumi up on a failed criterion", ["FAIL to leave", "acknowledgement:"]);
    await putAside(scene, checks, said);
  },
};

/** Takes the command out of the refusal, gives it a name and a reason, and runs it as a person would. */
async function putAside({ stage }: Scene, checks: Checks, said: string): Promise<void> {
  const command = /pulumi config set --path cutover:override '\{.*?\}'/.exec(said)?.[0];
  await checks.attempt("the refusal names the command of the override, and it can be run", async () => {
    if (command === undefined) return { ok: false, seen: "no command" };
    const filled = command
      .replace('"name":"…"', `"name":"${OVERRIDE_NAME}"`)
      .replace('"reason":"…"', `"reason":"${OVERRIDE_REASON}"`)
      .replace(
        /"expires":"[^"]*"/,
        `"expires":"${new Date(stage.clock.now() + OVERRIDE_HOURS * 3_600_000).toISOString()}"`,
      );
    const { exitCode, stderr } = await stage.engine.shell(filled);
    return { ok: exitCode === 0, seen: exitCode === 0 ? filled : stderr };
  });
}

/** An update with these settings has to stop before the first resource and to say this. @returns what it said */
async function refused(
  scene: Scene,
  checks: Checks,
  what: string,
  says: readonly string[],
  config: readonly ConfigEntry[] = [],
): Promise<string> {
  const activity = scene.terminal.activity(what);
  const result = await scene.traffic.duringUpdate(() => scene.stage.engine.up({ allowFailure: true, config }));
  const said = result.diagnostics.map(({ message }) => message).join("\n");
  const missing = says.filter((text) => !said.includes(text));
  const ok = result.exitCode !== 0 && result.changed === 0 && missing.length === 0;
  if (ok) activity.done("refused");
  else activity.failed("not refused as expected");
  const first = describeErrors(result.diagnostics).split("\n")[1] ?? "no error";
  checks.add(`${what} is refused, nothing changes`, ok, ok ? first : `not said: ${missing.join(", ")}; ${first}`);
  return said;
}

/** Account, rules and state, as far as an update could have touched them. */
interface Everything {
  readonly account: readonly string[];
  readonly rules: string;
  readonly state: string;
}

async function everything({ stage }: Scene): Promise<Everything> {
  const { deployment } = await stage.engine.exportState();
  return {
    account: await inventory(stage.aws),
    rules: JSON.stringify(stage.balancer.config.loadBalancers),
    state: withoutNoise(deployment?.resources ?? []),
  };
}

/** Secrets are encrypted anew whenever the state is written, and providers' entries hold the configuration that was tried. */
function withoutNoise(resources: readonly { readonly type: string }[]): string {
  const counted = resources.filter(({ type }) => !type.startsWith("pulumi:providers:"));
  return JSON.stringify(counted).replace(/"ciphertext":"[^"]*"/g, '"ciphertext":""');
}

function difference(before: Everything, after: Everything) {
  const account = [...added(before.account, after.account), ...removed(before.account, after.account)];
  return same(
    { account, rules: after.rules === before.rules, state: after.state === before.state },
    { account: [], rules: true, state: true },
  );
}

/** Exit code 0, the weight among the steps, the warning, and the verdict in words. */
function judgePreview(preview: EngineResult): [boolean, string] {
  const weight = preview.steps.some(({ op, urn }) => op === "update" && /::traffic-split(-contact)?$/.test(urn));
  const wanted = [
    "pulumi up will refuse this",
    "Gate from ramp-75 (75 %) to ramp-90 (90 %): closed",
    "errors: NOT ENOUGH EVIDENCE",
    '"ramp-75" is watched for 20 hours',
  ];
  const missing = wanted.filter((text) => !preview.text.includes(text));
  const ok = preview.exitCode === 0 && weight && missing.length === 0;
  const seen = `exit code ${preview.exitCode}, ${preview.steps.length} steps, the weight ${weight ? "is" : "is not"} one of them`;
  return [ok, missing.length === 0 ? seen : `${seen}; not said: ${missing.join(", ")}`];
}

/** The failed criterion is all that stands against the step, so that an override opens it. */
async function failureSeen({ stage }: Scene): Promise<string | undefined> {
  const { stdout } = await stage.engine.cutover("next", ["--json"]);
  const { next } = JSON.parse(stdout) as {
    readonly next?: {
      readonly verdict?: {
        readonly criteria: readonly { readonly id: string; readonly outcome: string; readonly seen: string }[];
      };
      readonly refusals: readonly { readonly reason: string }[];
    };
  };
  const slow = next?.verdict?.criteria.find(({ id }) => id === "acknowledgement");
  const alone = next?.refusals.length === 1 && next.refusals[0]?.reason.startsWith("FAIL to leave");
  return slow?.outcome === "FAIL" && alone ? slow.seen : undefined;
}
