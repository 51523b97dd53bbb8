import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { type PersistOptions, persist } from "../aws/persist";

/** A message on its way out of the inbox. */
export interface HeldMessage {
  readonly body: string;
  readonly groupId: string;
  /** How often it was looked at, this time included. */
  readonly tries: number;
  readonly receipt: string;
}

/** The inbox as the replayer uses it. */
export interface ReplayQueue {
  /** Messages in the queue, about; those somebody works on count. */
  readonly count: () => Promise<number>;
  /** Up to 10; of a conversation in order, and none of one whose earlier message is out. */
  readonly receive: () => Promise<readonly HeldMessage[]>;
  readonly remove: (message: HeldMessage) => Promise<void>;
  /** Moves it to the queue of refused messages. */
  readonly refuse: (message: HeldMessage, why: string) => Promise<void>;
  /** Makes messages visible again at once. */
  readonly putBack: (messages: readonly HeldMessage[]) => Promise<void>;
}

const CALL: PersistOptions = { deadlineMs: 6_000, attemptMs: 3_000 };
/** Long polling asks all of SQS's servers; short polling may miss a message that is there. */
const WAIT_SECONDS = 1;

/**
 * How many messages a queue holds, visible or not. SQS is exact within a minute.
 * @throws what SQS answers
 */
export async function countMessages(
  QueueUrl: string,
  sqs: Pick<SQSClient, "send">,
  options: PersistOptions = CALL,
): Promise<number> {
  const command = new GetQueueAttributesCommand({
    QueueUrl,
    AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
  });
  const read = (abortSignal: AbortSignal) => sqs.send(command, { abortSignal });
  const { Attributes = {} } = await persist("counting the inbox", read, options);
  return Object.values(Attributes).reduce((sum, number) => sum + Number(number), 0);
}

/** The inbox at SQS. */
export function replayQueue(QueueUrl: string, refusedQueueUrl: string, sqs: Pick<SQSClient, "send">): ReplayQueue {
  const remove = async ({ receipt: ReceiptHandle }: HeldMessage) => {
    const command = new DeleteMessageCommand({ QueueUrl, ReceiptHandle });
    await persist("deleting a held message", (abortSignal) => sqs.send(command, { abortSignal }), CALL);
  };
  return {
    count: () => countMessages(QueueUrl, sqs),
    receive: async () => {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageSystemAttributeNames: ["MessageGroupId", "ApproximateReceiveCount"],
      });
      const read = (abortSignal: AbortSignal) => sqs.send(command, { abortSignal });
      const { Messages = [] } = await persist("reading the inbox", read, { ...CALL, attemptMs: 5_000 });
      return Messages.map(({ Body = "", ReceiptHandle = "", Attributes = {} }) => ({
        body: Body,
        receipt: ReceiptHandle,
        groupId: Attributes.MessageGroupId ?? "",
        tries: Number(Attributes.ApproximateReceiveCount ?? 1),
      }));
    },
    remove,
    refuse: async (message, why) => {
      const command = new SendMessageCommand({
        QueueUrl: refusedQueueUrl,
        MessageBody: message.body,
        MessageAttributes: { why: { DataType: "String", StringValue: why.slice(0, 200) } },
      });
      await persist("keeping a refused message", (abortSignal) => sqs.send(command, { abortSignal }), CALL);
      await remove(message);
    },
    putBack: async (messages) => {
      // Last first: a conversation's first message must not be taken before the others are back.
      for (const { receipt: ReceiptHandle } of [...messages].reverse()) {
        const command = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
        await persist("putting a message back", (abortSignal) => sqs.send(command, { abortSignal }), CALL);
      }
    },
  };
}
