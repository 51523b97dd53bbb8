import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import type { ReplaySecrets } from "@cutover/domain/inbox-config";
import { persist } from "../aws/persist";

/** Read each run, so that a rotation is seen. @throws where it can't be read, without its text */
export async function readReplaySecrets(
  SecretId: string,
  secrets: Pick<SecretsManagerClient, "send">,
): Promise<ReplaySecrets> {
  const command = new GetSecretValueCommand({ SecretId });
  const read = (abortSignal: AbortSignal) => secrets.send(command, { abortSignal });
  const { SecretString = "" } = await persist("reading the replayer's secret", read, { deadlineMs: 5_000 });
  let value: Partial<Record<keyof ReplaySecrets, unknown>> = {};
  try {
    value = JSON.parse(SecretString) as typeof value;
  } catch {
    // said below; the parser's own message shows the text
  }
  const { probeKey, webhookSecret } = value ?? {};
  if (typeof probeKey === "string" && typeof webhookSecret === "string") return { probeKey, webhookSecret };
  throw new Error("the replayer's secret is not the JSON object that Cutover writes: run pulumi up");
}

/** Tells the people's topic. */
export async function publishNotice(
  TopicArn: string,
  Subject: string,
  Message: string,
  sns: Pick<SNSClient, "send">,
): Promise<void> {
  const command = new PublishCommand({ TopicArn, Subject, Message });
  await persist("telling people", (abortSignal) => sns.send(command, { abortSignal }), { deadlineMs: 6_000 });
}
