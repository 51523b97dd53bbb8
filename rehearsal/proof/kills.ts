import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Affinity } from "@cutover/domain/affinity";
import type { PhaseName } from "@cutover/domain/phases";
import { describeErrors, shortUrn, type TimelineEntry } from "../engine/events";
import type { ConfigEntry, EngineResult } from "../engine/stack";
import { account, describeLost, drained } from "../story/ledger";
import { MESSAGE_PREFIX } from "../story/traffic";
import { waitFor } from "../support/wait";
import type { MachineState } from "./faults-page";
import { type KillChoice, type KillKind, keyOf, kindOf, nextOfItsKind, nth, seeded, underWay } from "./kill-points";
import { trafficProblems } from "./kill-traffic";
import { machineState } from "./machine";
import { orphansByTag } from "./orphans";
import { RollbackFunction } from "./rollback-function";
import { inProofWorld, type ProofScene } from "./world";

/** One `pulumi up` that was ended with SIGKILL. */
export interface Kill {
  readonly section: string;
  /** Chosen by the fixed seed, not by what the operation changes. */
  readonly seeded: boolean;
  /** Everything that was under way, the engine works on several at a time. */
  readonly hit: readonly HitOperation[];
  /** Creations that the state calls pending after it. */
  readonly pending: number;
}

/** An operation that the kill interrupted. */
export interface HitOperation {
  /** Operation and resource, such as "update aws:lb/listenerRule:ListenerRule traffic-split". */
  readonly what: string;
  readonly kind: KillKind;
}

/** A series of kills: each update is killed at an operation that none was killed at before, until one reaches its end. */
export interface KilledSection {
  readonly section: KillSectionName;
  readonly kills: readonly Kill[];
  /** Exit code of the update that nobody killed. */
  readonly exitCode: number;
  /** Another update after that one finds nothing to do. */
  readonly clean: boolean;
  /** How often `cutover pending` said a refresh, which was made before the next update. */
  readonly refreshes: number;
  readonly sent: number;
  readonly lost: number;
  /** In AWS with the stack's tag, and not in its state, at the end. */
  readonly orphans: readonly string[];
  readonly problems: readonly string[];
}

export interface KillsResult extends MachineState {
  readonly sections: readonly KilledSection[];
  readonly worldProblems: readonly string[];
  readonly seconds: number;
}

/**
 * Kills at operations chosen by chance; source: issue, "plus five from a fixed seed". Together they may not come further than the
 * update has operations, since each begins where the one before it was killed.
 */
const SEEDED = { section: "decommission", seed: 9, count: 5, upTo: 10 };
/** Real ms that each call of the provider waits, so that a kill comes while an operation is under way. */
const SLOW_MS = 150;
const SLOWED = ["elasticloadbalancing", "monitoring", "ssm", "iam", "lambda"];
const MOST_KILLS = 100;
/** Real ms in which an update that is only on the way has to be let through. */
const CLIMB_MS = 180_000;
/** What a preview says of it. */
const WILL_REFUSE = "pulumi up will refuse this";
const DRAIN_MS = 60_000;

/** An update of a series: killed until nothing is left to hit, or only made, to come to the next one. */
type Turn = { readonly name: KillSectionName; readonly killed: boolean };
const killedAt = (name: KillSectionName): Turn => ({ name, killed: true });
const plain = (name: KillSectionName): Turn => ({ name, killed: false });

/** Each series on a world of its own. */
export const KILL_SERIES = {
  "up-and-back": {
    affinity: "none",
    turns: [
      killedAt("prepare"),
      killedAt("front-door"),
      killedAt("parallel"),
      killedAt("release"),
      killedAt("node-only"),
    ],
  },
  "to-the-end": {
    affinity: "contact",
    turns: [
      ...(["prepare", "front-door", "parallel"] as const).map(plain),
      killedAt("ramp-25"),
      ...(["ramp-50", "ramp-75", "ramp-90", "full"] as const).map(plain),
      killedAt("decommission"),
    ],
  },
} as const satisfies Record<string, { readonly affinity: Affinity; readonly turns: readonly Turn[] }>;
export type KillSeriesName = keyof typeof KILL_SERIES;
export type KillSectionName = PhaseName | "release";

/** Names of the sections in which updates are killed, in the order in which they are played. */
export const KILL_SECTIONS: readonly KillSectionName[] = Object.values(KILL_SERIES).flatMap(({ turns }) =>
  (turns as readonly Turn[]).filter(({ killed }) => killed).map(({ name }) => name),
);

/** Plays one series. */
export function playKills(series: KillSeriesName): Promise<KillsResult> {
  const began = Date.now();
  const { affinity, turns } = KILL_SERIES[series];
  return inProofWorld(async (scene) => {
    const rollback = new RollbackFunction(scene.stage);
    const sections: KilledSection[] = [];
    try {
      await scene.stage.engine.configSet({ key: "cutover:affinity", value: affinity });
      for (const { name, killed } of turns) {
        const config = await configOf(name, scene, rollback);
        if (!killed) await climbTo(scene, name, config);
        else sections.push(await killedUp(scene, { name, affinity }, config));
      }
    } finally {
      rollback.close();
    }
    const seconds = Math.round((Date.now() - began) / 1000);
    return { ...machineState(), sections, worldProblems: scene.problems, seconds };
  });
}

/** An update that nobody kills. The prober's newest look may be too old for a moment, which nothing overrides. */
async function climbTo(
  { stage, terminal }: ProofScene,
  name: KillSectionName,
  config: readonly ConfigEntry[],
): Promise<void> {
  const activity = terminal.activity(`pulumi up (${name}), without a kill`);
  const up = await waitFor(
    async () => {
      const tried = await stage.engine.up({ allowFailure: true, config });
      const refused = tried.exitCode !== 0 && tried.changed === 0;
      return refused ? Promise.reject(new Error(describeErrors(tried.diagnostics))) : tried;
    },
    { what: `pulumi up (${name}) not to be refused`, deadlineMs: CLIMB_MS, everyMs: 1000, signal: stage.signal },
  );
  if (up.exitCode !== 0) throw new Error(`no kill can be played: ${describeErrors(up.diagnostics)}`);
  activity.done();
}

/** Some proofs need messages of the newest share first; a preview says that an update would be refused, and changes nothing. */
async function untilLetThrough({ stage }: ProofScene, name: KillSectionName): Promise<void> {
  await waitFor(
    async () => {
      const { exitCode, text, diagnostics } = await stage.engine.preview({ allowFailure: true });
      const said = describeErrors(diagnostics) || text;
      return exitCode === 0 && !text.includes(WILL_REFUSE) ? true : Promise.reject(new Error(said));
    },
    { what: `pulumi up (${name}) not to be refused`, deadlineMs: CLIMB_MS, everyMs: 1000, signal: stage.signal },
  );
}

/** What is set before a section; its release needs a rollback. */
async function configOf(
  name: KillSectionName,
  scene: ProofScene,
  rollback: RollbackFunction,
): Promise<readonly ConfigEntry[]> {
  if (name !== "release") {
    const gated = name !== "prepare" && name !== "node-only";
    return [{ key: "cutover:phase", value: name }, ...(gated ? override(scene, name) : [])];
  }
  await rollback.manual("so that there is something to release");
  await scene.stage.engine.configRm("cutover:override");
  return [{ key: "cutover:acknowledgeRollback", value: (await rollback.records()).at(-1)?.id ?? "" }];
}

function override({ stage }: ProofScene, to: PhaseName): ConfigEntry[] {
  const expires = new Date(stage.clock.now() + 3 * 60 * 60_000).toISOString();
  const entries = { name: "kill proof", reason: "updates are the test, not the evidence before them", to, expires };
  return Object.entries(entries).map(([key, value]) => ({ key: `cutover:override.${key}`, value }));
}

function seededChoices(): KillChoice[] {
  return seeded(SEEDED.seed, SEEDED.count, SEEDED.upTo).map(nth);
}

/** A section while it is played. */
interface Section {
  readonly scene: ProofScene;
  readonly name: string;
  readonly kills: Kill[];
  refreshes: number;
  readonly problems: string[];
  /** Keys of the operations that were hit. */
  readonly hit: Set<string>;
}

async function killedUp(
  scene: ProofScene,
  { name, affinity }: { readonly name: KillSectionName; readonly affinity: Affinity },
  config: readonly ConfigEntry[],
): Promise<KilledSection> {
  const { stage, terminal, traffic } = scene;
  const { engine } = stage;
  const beganAt = Date.now();
  terminal.heading(`kill -9 of pulumi up: ${name}`);
  const [first, ...more] = config;
  if (first) await engine.configSet(first, ...more);
  await untilLetThrough(scene, name);
  const section: Section = { scene, name, kills: [], refreshes: 0, problems: [], hit: new Set() };
  for (const choose of name === SEEDED.section ? seededChoices() : []) await killOnce(section, choose, true);
  const next = () => killOnce(section, nextOfItsKind(section.hit), false);
  let last = await next();
  while (last === "killed") last = await next();
  const again = await engine.up({ allowFailure: true, expectNoChanges: true });
  const clean = again.exitCode === 0 && again.changed === 0;
  if (!clean) section.problems.push(`another update is not clean: ${describeErrors(again.diagnostics)}`);
  if (last.exitCode === 0)
    section.problems.push(...(await trafficProblems(scene, name === "release" ? "parallel" : name, affinity)));
  const messages = traffic.messages.filter(({ sentAt }) => sentAt >= beganAt);
  const { lost, sent } = account(
    messages,
    await drained(stage.postgres, MESSAGE_PREFIX, messages, DRAIN_MS, stage.signal),
  );
  terminal.line(`» kill -9, ${name}: ${section.kills.length} kills, the last update ended with ${last.exitCode}`);
  if (lost.length > 0) section.problems.push(`${lost.length} of ${sent} messages lost: ${describeLost(lost)}`);
  const { kills, refreshes, problems } = section;
  return {
    ...{ section: name, kills, refreshes, problems, clean, sent, lost: lost.length },
    exitCode: last.exitCode,
    orphans: await orphansByTag(stage),
  };
}

/** One update with a kill in it; @returns "killed", or the update that reached its end because no operation was left to hit. */
async function killOnce(section: Section, choose: KillChoice, isSeeded: boolean): Promise<"killed" | EngineResult> {
  const { scene, name, kills, hit, problems } = section;
  const { engine, gateway } = scene.stage;
  let under: readonly TimelineEntry[] | undefined;
  const activity = scene.terminal.activity("pulumi up");
  const slow = SLOWED.map((service) =>
    gateway.inject({ service, accessKeyId: "rehearsal", respond: "pass", delayMs: SLOW_MS }),
  );
  const result = await engine.up({
    allowFailure: true,
    killWhen: (timeline) => {
      const at = under ? undefined : choose(timeline);
      if (at) under = [...new Set([at, ...underWay(timeline)])];
      return at !== undefined;
    },
  });
  for (const end of slow) end();
  if (!under) return ended(section, result, activity);
  for (const entry of under) hit.add(keyOf(entry));
  const operations = under.map(({ op, urn }) => ({ what: `${op} ${shortUrn(urn)}`, kind: kindOf(urn) }));
  activity.done(`killed at ${operations.map(({ what }) => what).join(", ")}`);
  await quiet(scene);
  await engine.cancel();
  kills.push({ section: name, seeded: isSeeded, hit: operations, pending: await mend(section) });
  if (kills.length > MOST_KILLS) problems.push("more kills than operations");
  return kills.length > MOST_KILLS ? result : "killed";
}

/** As the runbook says: `cutover pending` writes the state with what AWS has, and a refresh reads the rest. @returns pending creations */
async function mend(section: Section): Promise<number> {
  const { engine } = section.scene.stage;
  const [file, repaired] = ["state.json", "repaired.json"].map((name) => join(engine.temporaryFolder, name)) as [
    string,
    string,
  ];
  writeFileSync(file, JSON.stringify(await engine.exportState()));
  const { stdout, stderr, exitCode } = await engine.cutover("pending", [file, "--json", "--write", repaired]);
  if (exitCode > 1) throw new Error(`cutover pending failed: ${stdout}${stderr}`);
  const { pending } = JSON.parse(stdout) as { pending: readonly { readonly urn: string; readonly id?: string }[] };
  if (pending.length === 0) return 0;
  const known = pending.filter(({ id }) => id !== undefined).length;
  const activity = section.scene.terminal.activity(`state with ${known} of ${pending.length} pending, pulumi refresh`);
  await engine.importState(repaired);
  const refreshed = await engine.refresh({ allowFailure: true });
  section.refreshes += 1;
  if (refreshed.exitCode === 0) activity.done();
  else {
    const said = describeErrors(refreshed.diagnostics) || refreshed.text.trim().slice(-600);
    activity.failed(said);
    section.problems.push(`pulumi refresh after a kill failed: ${said}`);
  }
  return pending.length;
}

/** Nobody killed it: it has to succeed. */
async function ended(
  section: Section,
  result: EngineResult,
  activity: ReturnType<ProofScene["terminal"]["activity"]>,
): Promise<EngineResult> {
  if (result.exitCode === 0) activity.done("reached its end");
  else {
    const said = describeErrors(result.diagnostics);
    activity.failed(said);
    section.problems.push(`after ${section.kills.length} kills the next update failed: ${said}`);
  }
  return result;
}

/** The provider outlives the engine here and finishes the call that was under way, as AWS does. */
async function quiet({ stage }: ProofScene): Promise<void> {
  let seen = -1;
  await waitFor(
    () => {
      const now = stage.gateway.journal().filter(({ accessKeyId }) => accessKeyId === "rehearsal").length;
      const still = now === seen;
      seen = now;
      return still;
    },
    { what: "the provider to have finished", deadlineMs: 60_000, everyMs: 1000, signal: stage.signal },
  );
}
