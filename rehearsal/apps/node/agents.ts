/** What the agents made of a message. */
export interface Result {
  readonly agent: Agent;
  readonly routing: "ok" | "failed";
  readonly booking: "booked" | "declined" | "failed" | undefined;
  readonly reply: string;
  /** Only the sales agent qualifies a lead. */
  readonly leadQualified: boolean | undefined;
}

const AGENTS = ["booking", "sales", "support"] as const;
export type Agent = (typeof AGENTS)[number];

const KEYWORDS: Readonly<Record<Agent, readonly string[]>> = {
  booking: ["book", "appointment", "schedule", "calendar", "meeting"],
  sales: ["price", "cost", "quote", "buy", "discount", "offer"],
  support: ["help", "problem", "broken", "invoice", "refund", "cancel"],
};

/** The agent whose keyword comes first in the text, else support: this service knows nothing of earlier messages. */
export function pickAgent(body: string): Agent {
  const text = body.toLowerCase();
  let best: { agent: Agent; at: number } = { agent: "support", at: Number.POSITIVE_INFINITY };
  for (const agent of AGENTS) {
    for (const word of KEYWORDS[agent]) {
      const at = text.indexOf(word);
      if (at >= 0 && at < best.at) best = { agent, at };
    }
  }
  return best.agent;
}

/** Routes and answers one message. Keywords stand for the model; nothing is called. */
export function answer(body: string, fault?: "routing" | "booking"): Result {
  const right = pickAgent(body);
  const failed = fault === "routing";
  const agent = failed ? (AGENTS[(AGENTS.indexOf(right) + 1) % AGENTS.length] ?? right) : right;
  const base = { agent, routing: failed ? "failed" : "ok", leadQualified: agent === "sales" || undefined } as const;
  if (agent !== "booking") return { ...base, booking: undefined, reply: `The ${agent} team is on it.` };
  if (fault === "booking") {
    return { ...base, booking: "failed", reply: "We could not reach the calendar; a colleague will call you." };
  }
  return body.toLowerCase().includes("not ")
    ? { ...base, booking: "declined", reply: "All right, no appointment was made." }
    : { ...base, booking: "booked", reply: "Your appointment is booked." };
}
