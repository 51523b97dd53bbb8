import { readFileSync } from "node:fs";
import { SECRET_SPREADS_MS, webhookSecretPath } from "@cutover/domain/secret-rotation";
import { frontDoorUrl } from "@cutover/domain/webhook";
import { AppSender } from "../ghl/app-sender";
import { readRows } from "../story/ledger";
import { waitFor } from "../support/wait";
import { override, phaseEntry } from "./override";
import { refused, section, up, type WebhookSection } from "./webhook-section";
import type { ProofScene } from "./world";

const REASON = "the webhook's secret is the test, not the evidence before it";
/** Real ms by which senders see changes of custom values late: ten minutes of the rehearsal. */
const LATE_MS = 10_000;
const REDELIVERED = { prefix: "app-", messages: 20, lostAnswers: 2 };

const generation = (value: number) => ({ key: "cutover:webhookSecret.generation", value: String(value) });
const retired = (value: number) => ({ key: "cutover:webhookSecret.retired", value: String(value) });

/** The secret is rotated in two steps while customers write, then in one, which has to be seen. */
export async function playRotation(scene: ProofScene): Promise<WebhookSection[]> {
  const { stage } = scene;
  await up(scene, phaseEntry("prepare"));
  await up(scene, phaseEntry("front-door"), ...override(scene, "front-door", REASON));
  await up(scene, phaseEntry("parallel"), ...override(scene, "parallel", REASON));
  await stage.engine.configRm("cutover:override");
  const sections = [await section(scene, "an app's webhooks delivered three times", () => redelivery(scene))];
  stage.sender.resolveDelayMs = LATE_MS;
  sections.push(
    await section(scene, "rotation in two steps", async () => {
      await up(scene, generation(2));
      const given = stage.clock.now();
      await stage.engine.configSet(retired(1));
      const read = await refused(scene, /GoHighLevel has generation 2 .* Retire generation 1 in \d+ minutes/);
      await stage.clock.sleepUntil(given + SECRET_SPREADS_MS);
      await up(scene, retired(1));
      await settled(scene);
      return read;
    }),
    await section(
      scene,
      "rotation in one step, past the fence: has to be seen",
      async () => {
        // Where nobody knows what GoHighLevel has, as before it was given anything, the fence lets everything through.
        await stage.aws.ssm.deleteParameter({ Name: webhookSecretPath(stage.stack) });
        await up(scene, generation(3), retired(2));
        await settled(scene);
        return undefined;
      },
      { withoutSecret: "some" },
    ),
  );
  return sections;
}

/** Until every sender sees what GoHighLevel holds, and a little of what comes of it. */
function settled({ stage }: ProofScene): Promise<void> {
  return stage.clock.sleepUntil(stage.clock.toRehearsal(Date.now() + LATE_MS + 2_000));
}

/** Each message is delivered until an answer arrives, and the first two answers are lost: it is worked on once all the same. */
async function redelivery({ stage }: ProofScene): Promise<undefined> {
  const { prefix, messages, lostAnswers } = REDELIVERED;
  const sender = new AppSender({
    url: frontDoorUrl({ domain: stage.domain }),
    headers: { "x-webhook-secret": stage.ghl.valueOf(stage.secretValue) ?? "" },
    locationId: stage.ghl.locationId,
    clock: stage.clock,
    connectTo: stage.connectTo,
    ca: readFileSync(stage.caFile, "utf8"),
    redelivery: "integrationGuide",
    losesAnswer: (n) => n <= lostAnswers,
  });
  try {
    const ids = Array.from({ length: messages }, (_, n) => `${prefix}${n}`);
    const sent = ids.map((messageId) =>
      sender.send({ contactId: `contact-${messageId}`, messageId, body: "Can I book?" }),
    );
    const outcomes = await Promise.all(sent);
    const answered = outcomes.flatMap(({ deliveries }) => deliveries.map(({ servedBy }) => servedBy));
    if (outcomes.some(({ accepted, deliveries }) => !accepted || deliveries.length !== lostAnswers + 1)) {
      throw new Error(`a message was not accepted at delivery ${lostAnswers + 1}: ${JSON.stringify(answered)}`);
    }
    const done = async () => {
      const rows = await readRows(stage.postgres, prefix);
      return rows.size === messages && [...rows.values()].every(({ status }) => status === "completed");
    };
    await waitFor(done, {
      what: `${messages} completed rows, one a message`,
      deadlineMs: 30_000,
      signal: stage.signal,
    });
    const processed = async () => (await Promise.all(ids.map((id) => timesProcessed(stage, id)))).flat();
    const all = await waitFor(async () => (await processed()).every((times) => times > 0) && processed(), {
      what: "an event of each message's end",
      deadlineMs: 60_000,
      everyMs: 1000,
      signal: stage.signal,
    });
    const twice = ids.filter((_, i) => (all[i] ?? 0) > 1);
    if (twice.length > 0) throw new Error(`worked on more than once: ${twice.join(", ")}`);
  } finally {
    sender.close();
  }
  return undefined;
}

/** How often an engine told that it had worked on a message. */
async function timesProcessed({ aws, stack }: ProofScene["stage"], id: string): Promise<number> {
  const filterPattern = `{ ($.event = "message_processed") && ($.messageId = "${id}") }`;
  const found = await Promise.all(
    ["node", "python"].map((engine) =>
      aws.logs.filterLogEvents({ logGroupName: `/cutover/${stack}/${engine}`, filterPattern }),
    ),
  );
  return found.reduce((sum, { events = [] }) => sum + events.length, 0);
}
