import type { RehearsalClock } from "../../clock";

/** Structured log events on standard output, one JSON object a line (docs/app-contract.md, "Log events"). */
export interface Events {
  /** A message reached its end; latency in real ms from its acceptance. */
  messageProcessed(messageId: string, outcome: "completed" | "failed", latencyMs: number, synthetic: boolean): void;
  agentRouted(messageId: string, agent: string, outcome: "ok" | "failed", synthetic: boolean): void;
  appointmentBooking(messageId: string, outcome: "booked" | "declined" | "failed", synthetic: boolean): void;
  /** Anything else. No message text, contact or secret ever goes into an event. */
  write(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Writes to standard output; `time` is recorded (rehearsal) time. */
export function stdoutEvents(
  clock: RehearsalClock | undefined,
  out: (line: string) => void = (line) => process.stdout.write(line),
): Events {
  const write = (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    const time = new Date(clock?.now() ?? Date.now()).toISOString();
    out(`${JSON.stringify({ event, engine: "node", time, ...fields })}\n`);
  };
  return {
    write,
    messageProcessed: (messageId, outcome, latencyMs, synthetic) =>
      write("message_processed", {
        messageId,
        outcome,
        latencyMs: Math.round(Math.max(0, latencyMs) * 10) / 10,
        synthetic,
      }),
    agentRouted: (messageId, agent, outcome, synthetic) =>
      write("agent_routed", { messageId, agent, outcome, synthetic }),
    appointmentBooking: (messageId, outcome, synthetic) =>
      write("appointment_booking", { messageId, outcome, synthetic }),
  };
}
