import { frontDoorUrl } from "@cutover/domain/webhook";
import type { StepTemplate } from "../ghl/workflow";
import { override, phaseEntry } from "./override";
import { refused, section, up, type WebhookSection } from "./webhook-section";
import type { ProofScene } from "./world";

const REASON = "the workflow's step is the test, not the evidence before it";
const CONTACT = { "x-contact-id": "{{contact.id}}" };

/** A step that a person edits, from Node's own URL to the front door, and the proofs by messages that stand before each rung. */
export async function playManual(scene: ProofScene): Promise<WebhookSection[]> {
  const { stage } = scene;
  const { engine, sender, ghl } = stage;
  await engine.configSet({ key: "cutover:ghl.mode", value: "manual" });
  await engine.configRm("cutover:ghl.token");
  ghl.deleteByHand(stage.webhookValue);
  sender.step = { url: stage.urlAsFound, headers: CONTACT };
  await up(scene, phaseEntry("prepare"));
  await engine.configSet(phaseEntry("front-door"), ...override(scene, "front-door", REASON));
  const frontDoor = frontDoorUrl({ domain: stage.domain });
  const without: StepTemplate = { url: frontDoor, headers: CONTACT };
  const sections = [
    await section(scene, "nobody edits the step", () =>
      refused(scene, /The workflow's step is not proved: .*no message of a customer reached the front door/),
    ),
    await section(scene, "a person edits the step while pulumi up waits", async () => {
      const edit = secretByHand(scene).then((secret) => {
        sender.step = { url: frontDoor, headers: { ...CONTACT, "x-webhook-secret": secret } };
      });
      await Promise.all([up(scene), edit]);
      return undefined;
    }),
  ];
  const whole = sender.step;
  await engine.configSet(phaseEntry("parallel"), ...override(scene, "parallel", REASON));
  sections.push(
    await section(
      scene,
      "somebody forgot the header: no share",
      async () => {
        sender.step = without;
        await published(scene);
        const read = await refused(
          scene,
          /(Only )?\d+ of 20 messages of customers in a row .{0,60}x-webhook-secret.{0,200}/,
        );
        sender.step = whole;
        return read;
      },
      { withoutSecret: "some" },
    ),
    await section(scene, "the header is there again", async () => {
      await published(scene); // the minutes in which both came are past then
      await up(scene);
      return undefined;
    }),
    await section(scene, "GoHighLevel's API was never called", async () => {
      if (ghl.journal.length > 0) throw new Error(`called ${ghl.journal.length} times`);
      return undefined;
    }),
  );
  return sections;
}

/** CloudWatch has whole minutes only, a little late. */
function published({ stage }: ProofScene): Promise<void> {
  return stage.clock.sleepUntil(stage.clock.now() + 5 * 60_000);
}

/** What the runbook tells a person to copy: the secret's value, from Secrets Manager. */
async function secretByHand({ stage }: ProofScene): Promise<string> {
  const { SecretString = "{}" } = await stage.aws.secrets.getSecretValue({ SecretId: `cutover/${stage.stack}/python` });
  const { WEBHOOK_SECRET: secret } = JSON.parse(SecretString) as { WEBHOOK_SECRET?: string };
  if (!secret) throw new Error("Secrets Manager holds no WEBHOOK_SECRET");
  return secret;
}
