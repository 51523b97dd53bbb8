/** An alarm uses something of CloudWatch that is not evaluated here; the message names it. */
export class NotSupported extends Error {
  override readonly name = "NotSupported";
}
