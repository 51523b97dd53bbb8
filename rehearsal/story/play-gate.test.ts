import { type GateFacts, gate } from "@cutover/domain/evidence/gate";
import { judge } from "@cutover/domain/evidence/judge";
import { evidenceOf, HOUR, NOW } from "@cutover/domain/evidence/testkit";
import { verdictLines } from "@cutover/domain/evidence/verdict-lines";
import { phaseOf } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import type { EngineResult } from "../engine/stack";
import { Checks } from "./checks";
import { Memory } from "./memory";
import { failedCriterion, newImageUnaccepted, previewWithWatch, tooLittleEvidence } from "./play-gate";
import type { Scene } from "./scene";
import { STEADY_RATE } from "./traffic";

const SLUGGISH = judge(
  evidenceOf(200, { acknowledgement: { value: { n: 200, overTrigger: 0, overSuccess: 150 } } }),
  "ladder",
  NOW,
);
const FACTS: GateFacts = {
  step: { from: phaseOf("ramp-75"), to: phaseOf("ramp-90"), shareBefore: 75, shareAfter: 90 },
  now: NOW,
  phaseSince: NOW - 30 * HOUR,
  verdict: SLUGGISH,
  share: { outcome: "proved", links: [] },
  alarms: { value: [{ name: "a", state: "OK" }] },
  standby: { value: { healthy: 4, required: 4, secondsSinceProbeOk: 5 } },
  pendingMigrations: { value: [] },
};

/** A run that the program refused with these words. */
function refusal(said: string, more: Partial<EngineResult> = {}): EngineResult {
  const diagnostics = [{ severity: "error", message: `Refused, nothing was changed.\n${said}` }];
  return {
    exitCode: 1,
    seconds: 1,
    changes: {},
    changed: 0,
    steps: [],
    timeline: [],
    diagnostics,
    text: said,
    ...more,
  };
}

/** The same step right after a new image, in the program's own words, and as a preview shows it. */
const few = judge(evidenceOf(2), "ladder", NOW);
const FEW_FACTS: GateFacts = { ...FACTS, verdict: few, bakeHours: 20, phaseSince: NOW - HOUR };
const tooLittle = gate(FEW_FACTS)
  .refusals.map(({ reason }) => reason)
  .join("\n");
const text = [`pulumi up will refuse this\n${tooLittle}`, ...verdictLines(FEW_FACTS, gate(FEW_FACTS))].join("\n");
const weight = { op: "update", urn: "urn:pulumi:x::cutover::aws:lb/listenerRule:ListenerRule::traffic-split" };
const shown = refusal(tooLittle, { exitCode: 0, text, steps: [weight] });

/** What the program says of the failed criterion, in its own words. */
const refused = () =>
  gate(FACTS)
    .refusals.map(({ reason, remedy }) => `${reason}\n  ${remedy}`)
    .join("\n");

/** The parts of the world that these acts touch; `up` answers what the program would. */
function world(up: EngineResult) {
  const ran: string[] = [];
  const activity = { done: () => {}, failed: () => {}, progress: () => {} };
  const next = { next: { verdict: SLUGGISH, refusals: gate(FACTS).refusals } };
  const scene = {
    memory: new Memory([], "", { rows: 0, seedDigest: "", columns: [] }),
    terminal: { activity: () => activity },
    traffic: {
      setRate: (rate: number) => void ran.push(`rate ${rate}`),
      duringUpdate: <T>(run: () => Promise<T>) => run(),
    },
    stage: {
      signal: new AbortController().signal,
      clock: { now: () => NOW },
      faults: {
        inject: (name: string) => {
          ran.push(`inject ${name}`);
          return () => void ran.push(`lift ${name}`);
        },
      },
      engine: {
        configSet: async ({ key, value }: { key: string; value: string }) => void ran.push(`${key}=${value}`),
        up: async ({ config = [] }: { config?: readonly { key: string; value: string }[] }) => {
          for (const { key, value } of config) ran.push(`${key}=${value}`);
          return up;
        },
        preview: async () => shown,
        cutover: async () => ({ stdout: JSON.stringify(next), exitCode: 1 }),
        shell: async (line: string) => {
          ran.push(line);
          return { exitCode: 0, stderr: "" };
        },
      },
    },
  } as unknown as Scene;
  return { scene, ran, checks: new Checks() };
}

describe("a failed criterion", () => {
  it("is seen by cutover next, refused, and put aside with the refusal's own command", async () => {
    const { scene, ran, checks } = world(refusal(refused()));
    await failedCriterion.play(scene, checks);
    expect(checks.failures).toEqual([]);
    expect(checks.all).toHaveLength(4);
    expect(ran.slice(0, 5)).toEqual([
      "inject python-sluggish",
      `rate ${STEADY_RATE}`,
      "cutover:bakeHours=20",
      "cutover:bakeHours=0",
      "lift python-sluggish",
    ]);
    const override = /^pulumi config set --path cutover:override '(.*)'$/.exec(ran[5] ?? "")?.[1] ?? "";
    expect(JSON.parse(override)).toEqual({
      to: "ramp-90",
      name: "Rehearsal",
      reason: "to see that it can be done",
      expires: new Date(NOW + 24 * HOUR).toISOString(),
    });
  });

  it.each([
    ["it passes", refusal(refused(), { exitCode: 0, diagnostics: [] })],
    ["something changes all the same", refusal(refused(), { changed: 1 })],
    ["it is refused for something else", refusal("Node has 3 of 4 healthy tasks.")],
  ])("is no success where %s", async (_, up) => {
    const { scene, checks } = world(up);
    await failedCriterion.play(scene, checks);
    expect(checks.failures.length).toBeGreaterThan(0);
  });
});

describe("a step right after a new image", () => {
  /** An account in which there is nothing, whatever is asked. */
  const nothing = new Proxy({}, { get: () => new Proxy({}, { get: () => async () => ({}) }) });

  const play = async (preview: EngineResult, states: string[] = ["same"]) => {
    const { scene, ran, checks } = world(refusal(tooLittle));
    const { stage } = scene;
    const engine = {
      ...stage.engine,
      preview: async () => preview,
      exportState: async () => ({ deployment: { resources: [{ urn: states.shift() ?? "same", type: "t" }] } }),
    };
    const balancer = { config: { loadBalancers: [], targetGroups: [] } };
    const whole = { ...scene, stage: { ...stage, aws: nothing, balancer, engine } } as never;
    await tooLittleEvidence.play(whole, checks);
    await previewWithWatch(whole, checks);
    return { checks, ran };
  };

  it("is refused, touches nothing, and is shown whole by the preview", async () => {
    const { checks, ran } = await play(shown);
    expect(checks.failures).toEqual([]);
    expect(checks.all).toHaveLength(3);
    expect(ran).toEqual(["cutover:phase=ramp-90", "cutover:bakeHours=20", "cutover:bakeHours=0"]);
  });

  it.each<[string, EngineResult, string[]]>([
    ["the state is another afterwards", shown, ["before", "after"]],
    ["the preview fails", { ...shown, exitCode: 1 }, []],
    ["the preview hides the weight", { ...shown, steps: [] }, []],
    ["the preview says nothing of the verdict", { ...shown, text: `pulumi up will refuse this\n${tooLittle}` }, []],
    ["the preview asks for no watch", { ...shown, text: text.replaceAll("is watched for 20 hours", "") }, []],
  ])("is no success where %s", async (_, preview, states) => {
    expect((await play(preview, states)).checks.failures).toHaveLength(1);
  });
});

describe("a new image that nobody accepted", () => {
  it("is the next one, and has to be refused by name", async () => {
    const { scene, ran, checks } = world(refusal("The Python image changes to sha256:c while …"));
    await newImageUnaccepted.play(scene, checks);
    expect(checks.failures).toEqual([]);
    expect(ran[0]).toMatch(/^cutover:python.image=cutover\/python-langgraph@sha256:c{64}$/);
    expect(scene.memory.nextImage()).toBe("c");
  });

  it("is no success where the update goes through", async () => {
    const { scene, checks } = world(refusal("", { exitCode: 0, diagnostics: [] }));
    await newImageUnaccepted.play(scene, checks);
    expect(checks.failures).toHaveLength(1);
  });
});
