import type { Read } from "@cutover/domain/evidence/model";
import { awsReason } from "../aws/persist";
import { redactText } from "../http/redact";

/** Runs a read; its failure becomes a reason without secrets. Never throws: what is not known stays apart from what is. */
export async function attempt<T>(read: () => Promise<T>, secrets: readonly string[] = []): Promise<Read<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { unavailable: redactText(awsReason(error), secrets) };
  }
}

/** Changes what was read; a reason stays a reason. */
export function mapRead<A, B>(read: Read<A>, change: (value: A) => B): Read<B> {
  return "value" in read ? { value: change(read.value) } : read;
}
