import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTACT_HEADER, contactRules } from "@cutover/domain/affinity";
import { ladder } from "@cutover/domain/phases";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { LoadGenerator } from "../ghl/load";
import type { OutgoingMessage, SendOutcome } from "../ghl/workflow";
import { LoadBalancer } from "../loadbalancer/balancer";
import { RehearsalCa } from "../loadbalancer/certificates";
import { seededRng } from "../loadbalancer/choose";
import { configOf, forwardTo, groupOf, send, type TestRule, TestTarget } from "../loadbalancer/testkit";
import { waitFor } from "../support/wait";
import { conversations, type Move } from "./conversations";

let folder: string;
let targets: TestTarget[];
let balancer: LoadBalancer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cutover-conversations-"));
  const ca = await RehearsalCa.create(join(folder, "ca.pem"));
  targets = [await TestTarget.start("node"), await TestTarget.start("python")];
  balancer = new LoadBalancer({ clock: new RehearsalClock(), ca, rng: seededRng(20_261_122) });
});
afterAll(async () => {
  await balancer.stop();
  await Promise.all(targets.map((target) => target.stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** The rules that share the messages, and above them the kill switch. */
interface Rules {
  readonly switched: boolean;
  readonly contact: { readonly regex: string; readonly weight: number } | undefined;
  readonly weight: number;
}

async function apply({ switched, contact, weight }: Rules): Promise<void> {
  const to = (python: number) => forwardTo(["arn:node", 100 - python], ["arn:python", python]);
  const rules: TestRule[] = [
    ...(switched ? [{ action: to(0) }] : []),
    ...(contact
      ? [
          {
            conditions: [
              { field: "http-header" as const, name: CONTACT_HEADER, values: [], regexValues: [contact.regex] },
            ],
            action: to(contact.weight),
          },
        ]
      : []),
    { action: to(weight) },
  ];
  const groups = ["node", "python"].map((name) =>
    groupOf(
      name,
      targets.filter((target) => target.name === name),
    ),
  );
  await balancer.apply(configOf(groups, rules));
}

const sender = {
  async send({ contactId, body }: OutgoingMessage): Promise<SendOutcome> {
    const started = performance.now();
    const answer = await send(balancer.boundPort(80) ?? 0, "/webhooks/ghl", {
      method: "POST",
      headers: { [CONTACT_HEADER]: contactId },
      body,
    });
    const latencyMs = performance.now() - started;
    return { status: answer.status, servedBy: answer.body, latencyMs, target: "balancer" };
  },
};

/** Up to 50 %, back by the kill switch, released at 10 %, then up to 100 %: a rule after the other, messages all the while. */
async function play(affinity: boolean): Promise<ReturnType<typeof conversations>> {
  const rulesAt = (share: number): Rules => {
    if (!affinity) return { switched: false, contact: undefined, weight: share };
    const { contacts, weight } = contactRules(share);
    return { switched: false, contact: contacts, weight };
  };
  const shares = ladder.map(({ pythonShare }) => pythonShare);
  const up = (from: number, to: number) => shares.filter((share) => share > from && share <= to);
  let now = rulesAt(0);
  await apply(now);
  const load = new LoadGenerator({ sender, concurrency: 8, contacts: 60 });
  const moves: Move[] = [];
  const several = async () => {
    const from = load.messages.length;
    await waitFor(() => load.messages.length > from + 240, { what: "messages", deadlineMs: 15_000, everyMs: 5 });
  };
  const change = async (...steps: Rules[]) => {
    const fromMs = Date.now();
    for (const step of steps) {
      await apply(step);
      now = step;
    }
    moves.push({ fromMs, toMs: Date.now() });
    await several();
  };
  const rung = async (share: number) => {
    const next = rulesAt(share);
    await change({ ...now, contact: next.contact }, { ...now, contact: next.contact, weight: next.weight });
  };
  load.start();
  try {
    await several();
    for (const share of up(0, 50)) await rung(share);
    await change({ ...now, switched: true });
    const low = { ...rulesAt(10), switched: true };
    await change({ ...now, contact: low.contact }, low, { ...low, switched: false });
    for (const share of up(10, 100)) await rung(share);
  } finally {
    await load.stop();
  }
  return conversations(load.messages, moves);
}

describe("conversations through the rehearsal's load balancer", () => {
  it("change engine at rungs, a rollback and its release only, with affinity", async () => {
    const seen = await play(true);
    expect(seen.several).toBe(60);
    expect(seen.messages).toBeGreaterThan(2000);
    expect(seen.broken).toEqual([]);
    // Half of them go to Python, back, and all of them there again.
    expect(seen.moved).toBeGreaterThan(60);
  });

  it("alternate without", async () => {
    expect((await play(false)).broken.length).toBeGreaterThan(50);
  });
});
