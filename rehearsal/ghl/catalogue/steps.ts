import { type ByHandInputs, byHandProvider } from "@cutover/clients/frontdoor/by-hand";
import { secretProofProvider } from "@cutover/clients/frontdoor/secret-proof";
import { secretRotationProvider } from "@cutover/clients/rotation/provider";
import { type SecretInUse, webhookSecretConfig } from "@cutover/domain/secret-rotation";
import { FakeCounts } from "../../../tests/support/front-door-counts";
import type { LabResult } from "../lab";
import { NAME, OURS, type Scenario, TODAY } from "./scenario";
import { SECRETS } from "./secret";

const HOUR_MS = 3_600_000;

/** Runs something and keeps what a person read. */
async function reading(run: (say: (line: string) => void) => Promise<unknown>): Promise<LabResult> {
  const said: string[] = [];
  try {
    await run((line) => said.push(line));
    return { ok: true, read: said.join("\n") };
  } catch (error) {
    return { ok: false, read: error instanceof Error ? error.message : String(error) };
  }
}

interface Rotation {
  readonly from: readonly [generation: number, retired: number];
  readonly to: readonly [generation: number, retired: number];
  /** What SSM says of GHL; undefined: nothing yet. An error is thrown. */
  readonly inUse: SecretInUse | Error | undefined;
}

/** The fence before every holder of the secret. */
function rotate({ from, to, inUse }: Rotation): Promise<LabResult> {
  const now = Date.UTC(2026, 10, 25, 12);
  const send = async () => {
    if (inUse instanceof Error) throw inUse;
    if (!inUse) throw Object.assign(new Error("none"), { name: "ParameterNotFound" });
    const LastModifiedDate = new Date(now - inUse.forMs);
    return { Parameter: { Value: JSON.stringify({ generation: inUse.generation }), LastModifiedDate } };
  };
  const provider = secretRotationProvider({ ssm: { send } as never, now: () => now });
  const more = { parameter: "/cutover/prod/webhook-secret", aws: { region: "eu-central-1" } };
  return reading(async () => {
    const { failures } = await provider.check(
      { ...webhookSecretConfig(...from), ...more },
      { ...webhookSecretConfig(...to), ...more },
    );
    if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
  });
}

/** Rows in which GHL holds the first secret and nothing is written: the fence stands before the write. */
const fence = (mode: string, rotation: Rotation, reads?: RegExp): Scenario => ({
  mode,
  play: (_lab, ghl) => {
    ghl.seed(NAME, SECRETS[0]);
    return rotate(rotation);
  },
  ok: reads === undefined,
  recovers: false,
  ...(reads ? { reads } : {}),
  holds: SECRETS[0],
  writes: 0,
});

const given = (generation: number, forMs: number): SecretInUse => ({ generation, forMs });

const ROTATION: readonly Scenario[] = [
  fence("rotation, first step: the next generation beside the one in GHL", {
    from: [1, 0],
    to: [2, 0],
    inUse: given(1, 0),
  }),
  fence("rotation, second step: an hour after GHL was given the new one", {
    from: [2, 0],
    to: [2, 1],
    inUse: given(2, HOUR_MS),
  }),
  fence(
    "rotation, second step too early",
    { from: [2, 0], to: [2, 1], inUse: given(2, HOUR_MS / 4) },
    /workflows that run may still send the one before\. Retire generation 1 in 45 minutes/,
  ),
  fence(
    "rotation in one step",
    { from: [1, 0], to: [2, 1], inUse: given(1, HOUR_MS) },
    /GoHighLevel sends generation 1 .*accept 2 only: its messages would be refused/,
  ),
  fence(
    "rotation by two generations at once",
    { from: [1, 0], to: [3, 0], inUse: given(1, HOUR_MS) },
    /accept 3 and 2 only: its messages would be refused\. Rotate by one generation/,
  ),
  fence(
    "rotation while SSM can't say what GHL has",
    { from: [1, 0], to: [2, 0], inUse: Object.assign(new Error("not allowed"), { name: "AccessDeniedException" }) },
    /AccessDeniedException: not allowed\); the secret is not rotated on a guess/,
  ),
];

/** A step whose URL a person sets: GHL's API is not called, `counts` say which messages came. */
const byHand = (
  mode: string,
  play: (provider: ReturnType<typeof byHandProvider>, counts: FakeCounts, inputs: ByHandInputs) => Promise<unknown>,
  expected: { readonly reads?: RegExp; readonly ok?: boolean; readonly destroy?: string } = {},
): Scenario => ({
  mode,
  play: () => {
    const counts = new FakeCounts();
    const inputs: ByHandInputs = {
      ...counts.groups,
      target: "front-door",
      url: OURS,
      headerFrom: "the value WEBHOOK_SECRET of the Secrets Manager secret cutover/prod/python",
      accepted: [1],
      messages: 3,
      deadlineMinutes: 30,
      loseTraffic: false,
    };
    const { cloudwatch, clock } = counts;
    const { destroy } = expected;
    return reading((say) =>
      play(byHandProvider({ cloudwatch, clock, say, ...(destroy ? { destroy } : {}) }), counts, inputs),
    );
  },
  ok: expected.ok ?? expected.reads === undefined,
  recovers: false,
  ...(expected.reads ? { reads: expected.reads } : {}),
  holds: undefined,
  writes: 0,
});

const MANUAL: readonly Scenario[] = [
  byHand(
    "manual: what a person is told to set, before anything changes",
    (it, _counts, inputs) => it.check({ target: "as-found" }, { ...inputs }),
    {
      ok: true,
      reads: /By hand in GoHighLevel.*URL to https:\/\/hooks\.example\.com\/webhooks\/ghl\?…; header x-webhook-secret/,
    },
  ),
  byHand("manual: three messages with the secret prove the step", async (it, counts, inputs) => {
    counts.add(1, { node: 3 });
    await it.create({ ...inputs });
  }),
  byHand("manual: nobody edits the step", (it, _counts, inputs) => it.create({ ...inputs }), {
    reads: /0 of 3 messages in a row .*no message of a customer reached the front door/,
  }),
  byHand(
    "manual: the header is forgotten",
    async (it, counts, inputs) => {
      counts.add(1, { unmatched: 9 });
      await it.create({ ...inputs });
    },
    { reads: /9 messages came without the right x-webhook-secret.*they went to Node/ },
  ),
  byHand("manual: back to Node, at once", (it, _counts, inputs) =>
    it.update("id", { ...inputs }, { ...inputs, target: "node", url: TODAY }),
  ),
  byHand(
    "manual: destroy while messages still arrive",
    async (it, counts, inputs) => {
      for (const ago of [9, 5, 1]) counts.add(ago, { node: 20 });
      await it.delete("id", { ...inputs });
    },
    { reads: /run pulumi destroy again/ },
  ),
  byHand(
    "manual: destroy with lose-traffic while messages still arrive",
    async (it, counts, inputs) => {
      counts.add(1, { node: 20 });
      await it.delete("id", { ...inputs });
    },
    { destroy: "lose-traffic" },
  ),
];

/** Before Python's first share: the newest messages of customers, minutes back and their counts. */
const firstShare = (
  mode: string,
  came: readonly (readonly [ago: number, counts: { node?: number; unmatched?: number }])[],
  reads?: RegExp,
): Scenario => ({
  mode,
  play: () => {
    const counts = new FakeCounts();
    for (const [ago, of] of came) counts.add(ago, of);
    const { cloudwatch, clock, groups } = counts;
    const inputs = { ...groups, share: 10, rising: true, rolledBack: false, headerFrom: `the custom value "${NAME}"` };
    return reading((say) => secretProofProvider({ cloudwatch, clock, say }).create(inputs));
  },
  ok: reads === undefined,
  recovers: false,
  ...(reads ? { reads } : {}),
  holds: undefined,
  writes: 0,
});

const FIRST_SHARE: readonly Scenario[] = [
  firstShare("before the first share: 20 messages in a row carried the secret", [
    [9, { unmatched: 3 }],
    [5, { node: 20 }],
  ]),
  firstShare("before the first share: 19 so far", [[5, { node: 19 }]], /19 of 20 messages .*none came without it/),
  firstShare(
    "before the first share: one of the newest came without the secret",
    [
      [9, { node: 200 }],
      [5, { node: 30, unmatched: 1 }],
    ],
    /1 came without it.*a workflow step lacks the header/,
  ),
];

/** What stands between GHL and a message that would be refused: rotation, a step edited by hand, the header. */
export const STEPS: readonly Scenario[] = [...ROTATION, ...MANUAL, ...FIRST_SHARE];
