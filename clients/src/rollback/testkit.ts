import type { Applied } from "@cutover/domain/decide";
import type { KillSwitchState } from "@cutover/domain/kill-switch";
import type { EngineHealth } from "@cutover/domain/rollback";
import type { Notice } from "@cutover/domain/rollback/notice";
import type { AlarmNow } from "@cutover/domain/rollback/reconcile";
import { mergeRecords, nextId, openRecord, type RollbackRecord } from "@cutover/domain/rollback/record";
import type { LogLine, Outcome, RollbackPorts, WebhookPlace } from "./ports";
import type { RunConfig } from "./run";

export const CONFIG: RunConfig = {
  stack: "prod",
  alarms: { hard: "cutover-prod-rollback-hard", soft: "cutover-prod-rollback-soft" },
  killSwitch: { ruleArn: "arn:rule", nodeTargetGroupArn: "arn:node" },
  inboxTargetGroupArn: "arn:inbox",
  frontDoor: true,
};

const PLACES = {
  node: "https://node.example.com/hook",
  "front-door": "https://messages.example.com/webhooks/ghl",
  theirs: "https://elsewhere.example.org/",
} as const;

/** What a test lets fail. */
export type Port = Exclude<keyof RollbackPorts, "now" | "realSpan" | "log">;

/**
 * A small world in memory: listener, records, people, GoHighLevel. `fail` lets a port fail; `before` runs as a port is
 * called, so that a test can let something else happen in between. Time passes 10 ms with each call.
 */
export class TestWorld {
  killSwitch: KillSwitchState | "unclear" | "missing" = "off";
  share = 50;
  alarms: AlarmNow[] = [];
  sharedOutage = false;
  health: Record<"node" | "python", EngineHealth> = { node: "answers", python: "dead" };
  records: RollbackRecord[] = [];
  paged: string | undefined;
  /** Where GoHighLevel points; undefined: nobody can see. */
  webhook: WebhookPlace["place"] | undefined = "front-door";
  applied: Applied | undefined = { phase: "ramp-50", pythonShare: 50, pythonDigest: "sha256:1" };
  inbox: EngineHealth = "answers";
  /** Messages in it. */
  held = 0;
  readonly notices: Notice[] = [];
  readonly calls: string[] = [];
  readonly lines: LogLine[] = [];
  readonly fail: Partial<Record<Port, () => Error>> = {};
  readonly before: Partial<Record<Port, () => void>> = {};
  time = Date.parse("2026-11-22T10:00:00Z");

  readonly ports: RollbackPorts = {
    readListener: () => this.#call("readListener", () => ({ killSwitch: this.killSwitch, share: this.share })),
    setSwitch: (to) =>
      this.#call("setSwitch", () => {
        this.killSwitch = to;
      }),
    readShelf: () =>
      this.#call("readShelf", () => ({
        records: structuredClone(this.records),
        ...(this.paged === undefined ? {} : { paged: this.paged }),
      })),
    createRecord: (draft, after) =>
      this.#call("createRecord", () => {
        const open = openRecord(this.records);
        if (open && open.id !== after) return { record: structuredClone(open), joined: open.at !== draft.at };
        const record: RollbackRecord = { ...draft, version: 1, id: nextId(this.records) };
        this.records.push(structuredClone(record));
        return { record, joined: false };
      }),
    updateRecord: (record) =>
      this.#call("updateRecord", () => {
        const at = this.records.findIndex(({ id }) => id === record.id);
        const kept = this.records[at];
        const merged = kept ? mergeRecords(kept, record) : record;
        this.records[at < 0 ? this.records.length : at] = JSON.parse(JSON.stringify(merged)) as RollbackRecord;
        return merged;
      }),
    markReleased: (id) =>
      this.#call("markReleased", () => {
        this.records = this.records.map((r) =>
          r.id === id ? { ...r, releasedAt: new Date(this.time).toISOString() } : r,
        );
      }),
    rememberPaged: (what) =>
      this.#call("rememberPaged", () => {
        this.paged = what;
      }),
    readApplied: () => this.#call("readApplied", () => this.applied),
    readAlarms: () => this.#call("readAlarms", () => ({ alarms: this.alarms, sharedOutage: this.sharedOutage })),
    probe: (engine) => this.#call("probe", () => this.health[engine]),
    probeInbox: () => this.#call("probeInbox", () => this.inbox),
    countInbox: () => this.#call("countInbox", () => this.held),
    moveWebhook: (to) =>
      this.#call("moveWebhook", () => {
        this.webhook = to;
        return { state: "done", detail: `moved to ${PLACES[to]}` } as Outcome;
      }),
    readWebhook: () =>
      this.#call("readWebhook", () => this.webhook && { place: this.webhook, shown: PLACES[this.webhook] }),
    lostMessages: () =>
      this.#call("lostMessages", () => ({ known: true as const, ids: ["msg-7"], more: false, sinceMinutes: 60 })),
    tellPeople: (notice) => this.#call("tellPeople", () => void this.notices.push(notice)),
    now: () => this.time,
    realSpan: (ms) => ms,
    log: (line) => void this.lines.push(line),
  };

  async #call<T>(port: Port, act: () => T): Promise<T> {
    this.calls.push(port);
    this.time += 10;
    // Another turn of the event loop, as a network call is: what runs beside it gets its chance.
    await new Promise((resolve) => setImmediate(resolve));
    this.before[port]?.();
    const failure = this.fail[port]?.();
    if (failure) throw failure;
    return act();
  }

  /** What SNS hands the function when an alarm goes off now. */
  alarmEvent(tier: "hard" | "soft" | "suspicion" = "hard", at = this.time): unknown {
    const AlarmName = tier === "suspicion" ? "cutover-prod-elb-5xx" : CONFIG.alarms[tier];
    const message = {
      AlarmName,
      NewStateValue: "ALARM",
      NewStateReason: "probes of Python failed",
      StateChangeTime: new Date(at).toISOString().replace("Z", "+0000"),
    };
    return { Records: [{ EventSource: "aws:sns", Sns: { Message: JSON.stringify(message) } }] };
  }

  /** An alarm that is in ALARM since `since`. */
  ring(tier: AlarmNow["tier"] = "hard", since = this.time): void {
    const name = tier === "suspicion" ? "cutover-prod-elb-5xx" : CONFIG.alarms[tier];
    this.alarms = [{ name, tier, state: "ALARM", since, reason: "probes of Python failed" }];
  }

  /** Node's own alarm, which only the reconciler sees. */
  ringNode(since = this.time): void {
    const name = "cutover-prod-node-probes";
    this.alarms = [
      { name, tier: "suspicion", state: "ALARM", since, reason: "probes of Node failed", aboutNode: true },
    ];
  }

  count(port: Port): number {
    return this.calls.filter((call) => call === port).length;
  }
}

/** As the SDK throws it. */
export function awsError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
