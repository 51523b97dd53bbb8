import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import { type Applied, decide, type Intent, type World } from "../decide";
import { type GateFacts, gate, type Override } from "../evidence/gate";
import { judge } from "../evidence/judge";
import { evidenceOf, HOUR, NOW } from "../evidence/testkit";
import type { Catalog } from "../migrations/catalog";
import { describePlan } from "../migrations/describe";
import { parseMigration } from "../migrations/files";
import { planMigrations } from "../migrations/plan";
import { phaseOf } from "../phases";
import { explainDrift, withBackendNode } from "../webhook";
import { knownMessages } from "./messages";
import { readPreview } from "./preview";
import { previewText, warning } from "./testkit";

// The program's own sentences, from the functions that make them: a reworded one must not become an "other warning".
const DIGEST = `sha256:${"a".repeat(64)}`;
const applied: Applied = { phase: "ramp-50", pythonShare: 50, pythonDigest: DIGEST };
const open = { id: "rb-0003", at: "2026-11-25T03:12:07Z", trigger: "cutover-prod-rollback-soft" };

beforeAll(() => loadModule());

/** Read back from a preview in which index.ts warned of them. */
function heard(...messages: readonly string[]) {
  const place = { phase: "ramp-50", share: 50 } as const;
  return knownMessages(readPreview(previewText({ from: place, to: place, diagnostics: messages.map(warning) })));
}

/** What index.ts warns of before everything else where something is refused. */
const refusal = (refusals: readonly { reason: string; remedy: string }[]) =>
  `pulumi up will refuse this; the whole difference is shown all the same.\n${refusals.map((r) => `${r.reason}\n  ${r.remedy}`).join("\n")}`;

const decided = (intent: Partial<Intent>, world: World) =>
  decide({ phase: "ramp-50", pythonDigest: DIGEST, ...intent }, world);

describe("what decide warns of is known", () => {
  it.each<[string, ReturnType<typeof decide>]>([
    ["a rollback that waits", decided({}, { applied, killSwitch: "node", rollback: open })],
    ["a rollback whose switch is off", decided({}, { applied, killSwitch: "off", rollback: open })],
    ["a switch without a record", decided({}, { applied, killSwitch: "node" })],
    ["a switch that nobody can read", decided({}, { applied, killSwitch: "unclear" })],
    [
      "a release",
      decided(
        { phase: "parallel", acknowledgeRollback: "rb-0003" },
        { applied, killSwitch: "node", rollback: open, alarms: [] },
      ),
    ],
  ])("%s", (_what, { desired }) => {
    expect(desired.warnings.length).toBeGreaterThan(0);
    const known = heard(...desired.warnings);
    expect(known.others).toBe(0);
    expect(known.warnings.length).toBe(desired.warnings.length);
  });

  it("and what it refuses", () => {
    const { refusals } = decided({ phase: "full" }, { applied });
    expect(refusals.length).toBeGreaterThan(0);
    const known = heard(refusal(refusals));
    expect(known).toMatchObject({ others: 0, onlyWaiting: false });
    expect(known.refused).toEqual(refusals.flatMap((one) => [one.reason, `  ${one.remedy}`]));
  });
});

describe("what is said about the webhook is known", () => {
  const door = "https://messages.example.com/webhooks/ghl";
  const claims = { lastWritten: door, previous: "https://node.example.com/hook?key=pl4nted" };
  it.each([
    ["a move back to Node", claims.previous],
    ["a move elsewhere", "https://elsewhere.example.com/x"],
    ["what a rollback wrote", withBackendNode(door)],
  ])("%s", (_what, current) => {
    const drift = explainDrift(current, claims);
    const sentence = `GHL custom value "Cutover Webhook URL": ${drift}. Nothing is changed by that; \`pulumi refresh\` takes it into the state.`;
    expect(heard(sentence)).toMatchObject({ webhook: [sentence], others: 0 });
  });

  it("and nothing that GoHighLevel itself says is quoted", () => {
    const known = heard('GHL custom value "X": could not look whether somebody changed it: GHL said: "@everyone"');
    expect(known).toMatchObject({ webhook: [], others: 1 });
  });
});

describe("what the gate says is known", () => {
  const facts = (n: number, more: Partial<GateFacts> = {}): GateFacts => ({
    step: { from: phaseOf("ramp-50"), to: phaseOf("ramp-75"), shareBefore: 50, shareAfter: 75 },
    now: NOW,
    phaseSince: NOW - 26 * HOUR,
    verdict: judge(evidenceOf(n), "ladder", NOW),
    share: { outcome: "proved", links: [] },
    alarms: { value: [{ name: "cutover-prod-rollback-hard", state: "OK" }] },
    standby: { value: { healthy: 4, required: 4, secondsSinceProbeOk: 22 } },
    pendingMigrations: { value: [] },
    ...more,
  });

  it.each<[string, GateFacts]>([
    ["too few messages", facts(41)],
    ["bake time", facts(80, { phaseSince: NOW - HOUR })],
    ["both", facts(41, { phaseSince: NOW - HOUR })],
  ])("%s: only time is missing", (_what, of) => {
    const known = heard(refusal(gate(of).refusals));
    expect(known).toMatchObject({ others: 0, onlyWaiting: true });
  });

  it("a dead standby does not mend by waiting", () => {
    const standby = { value: { healthy: 0, required: 4 } };
    expect(heard(refusal(gate(facts(80, { standby })).refusals)).onlyWaiting).toBe(false);
  });

  it("an override, with who and why", () => {
    const override: Override = { name: "Mara", reason: "quiet week", to: "ramp-75", expires: NOW + 4 * HOUR };
    const { warnings } = gate(facts(41, { override }));
    const known = heard(...warnings);
    expect(known.others).toBe(0);
    expect(known.overridden).toEqual([
      expect.stringMatching(/^Overridden by Mara \(quiet week\): NOT ENOUGH EVIDENCE/),
    ]);
  });

  it("a watched criterion with too few messages", () => {
    const comparison = { python: { n: 41, hits: 6 }, node: { n: 300, hits: 45 } };
    const watched = [
      { name: "booking rate", reading: { value: comparison } },
      { name: "qualification", reading: { unavailable: "no view counts it" } },
    ];
    const verdict = judge(evidenceOf(80, { watched, bookingFailures: { value: { n: 0, bad: 0 } } }), "ladder", NOW);
    const { warnings } = gate(facts(80, { verdict }));
    expect(warnings.length).toBeGreaterThanOrEqual(2);
    for (const one of warnings) expect(heard(one).others, one).toBe(0);
  });
});

it("every line of the migrations' plan is known", () => {
  const catalog: Catalog = {
    schemas: ["public"],
    tables: { "public.t": { rowSecurity: true, rows: 1, bytes: 1 } },
    columns: { "public.t": { id: "integer" } },
    indexes: {},
    views: {},
    functions: {},
    rights: {},
    policies: {},
    roles: [],
  };
  const files = ["ALTER TABLE t ADD COLUMN a int", "-- kind: contract\nALTER TABLE t DROP COLUMN id"].map((sql, i) =>
    parseMigration(`${i + 1}_f.sql`, sql, parseSync),
  );
  const plan = planMigrations({ files, history: [], catalog, allowContract: false });
  for (const line of describePlan({ ...plan, warnings: ["1_f.sql: something"] }, catalog)) {
    expect(heard(line).others, line).toBe(0);
  }
  expect(heard("Something that nobody knows.").others).toBe(1);
});
