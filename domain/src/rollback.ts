/** How sure a trigger is: `hard` is attributable and certain, `soft` is statistics, `suspicion` blames nobody yet, `manual` is a person's word. */
export type RollbackTier = "hard" | "soft" | "suspicion" | "manual";

/**
 * What probes said of an engine. `dead` only when every one of several probes got no answer or a server's error; `unknown`
 * when the probes themselves could not be made (no key, no way to the front door): nothing is proved then.
 */
export type EngineHealth = "answers" | "dead" | "unknown";

/** Everything the decision looks at. */
export interface RollbackSituation {
  readonly tier: RollbackTier;
  /** Percent of customers' messages that the listener's rules send to Python; undefined when they could not be read. */
  readonly share: number | undefined;
  readonly python: EngineHealth;
  /** `removed`: from `decommission` on there is no Node, and the kill switch knows `hold` only. */
  readonly node: EngineHealth | "removed";
  /** Node is equally bad in the same minutes: the fault is behind both (OpenAI, Supabase, GoHighLevel). */
  readonly sharedOutage: boolean;
  /** There is an inbox that `hold` can send messages to, and it is not proved broken. */
  readonly inbox: boolean;
  /** Customers' messages come through the front door; before and beside it a switch would move nobody. */
  readonly frontDoor: boolean;
}

/**
 * What to do. `switch`: move the kill switch. `page`: leave traffic, wake somebody up. `notify`: leave traffic, tell
 * people. `nothing`: a suspicion that the probes did not confirm.
 */
export type RollbackDecision =
  | { readonly action: "switch"; readonly to: "node" | "hold"; readonly reason: string }
  | { readonly action: "page" | "notify" | "nothing"; readonly reason: string };

/**
 * The table, first matching row wins (docs/decisions/0026-hold.md). An unknown share counts as more than 0 and an unknown
 * Node as usable: not knowing must not stop a rollback. Where Node is needed and dead, `hold` loses nothing: the inbox
 * passes every message to the first engine that answers.
 */
export function decideRollback(s: RollbackSituation): RollbackDecision {
  if (s.share === 0) return withoutShare(s);
  if (s.node === "removed") return withoutNode(s);
  if (s.node === "dead") return withDeadNode(s);
  if (s.tier === "manual") return move("node", "a person asked for it");
  if (s.python === "dead") return move("node", "Python does not answer its probes");
  if (s.tier === "suspicion") return leave("nothing", "the probes found nothing wrong with Python");
  if (s.sharedOutage) {
    return leave(
      "page",
      "Node is equally bad in the same minutes, so what both depend on has failed (OpenAI, Supabase, GoHighLevel); moving traffic would help nobody",
    );
  }
  return move("node", s.node === "unknown" ? "Node is not proved dead" : "Node answers its probes");
}

/** Python was never proved by a customer's message, so what is held waits for Node. */
function withoutShare({ node, inbox, frontDoor }: RollbackSituation): RollbackDecision {
  if (node !== "dead" || !frontDoor) {
    return leave("notify", "no customer's message goes to Python, so there is nothing to roll back");
  }
  if (inbox) return move("hold", "Node does not answer, and every message goes to it; they are kept in the inbox");
  return leave(
    "page",
    "Node does not answer, every message goes to it and no inbox takes them: messages are being lost",
  );
}

function withoutNode({ python, tier, inbox }: RollbackSituation): RollbackDecision {
  if (python !== "dead" && tier !== "hard")
    return leave("page", "Node is removed, so there is nothing to roll back to");
  const what = python === "dead" ? "Python does not answer" : "Python fails, though not every probe says so,";
  if (inbox) return move("hold", `${what} and Node is removed; messages are kept in the inbox`);
  return leave("page", `${what} and Node is removed, and no inbox takes messages: they are being lost`);
}

function withDeadNode({ python, tier, share, inbox }: RollbackSituation): RollbackDecision {
  if (python === "dead") {
    if (inbox) return move("hold", "neither engine answers; messages are kept in the inbox");
    return leave("page", "neither engine answers and no inbox takes messages: they are being lost");
  }
  if (inbox && share !== 100) {
    return move(
      "hold",
      "Node does not answer and gets a share of the messages; the inbox passes all of them to Python",
    );
  }
  if (inbox && tier === "hard") {
    return move(
      "hold",
      "Python fails, though not every probe says so, and Node does not answer; messages are kept in the inbox",
    );
  }
  const asked = tier === "manual" ? "a person asked for a rollback, but " : "";
  return leave(
    "page",
    `${asked}Node does not answer its probes and Python is not proved dead: traffic stays with Python`,
  );
}

function move(to: "node" | "hold", reason: string): RollbackDecision {
  return { action: "switch", to, reason };
}

function leave(action: "page" | "notify" | "nothing", reason: string): RollbackDecision {
  return { action, reason };
}

/** Whether the decision can depend on Python's health: probing a hanging engine takes seconds that a rollback need not wait. */
export function needsPythonHealth(s: Omit<RollbackSituation, "python">): boolean {
  // A page says what is known; a move's reason may be shorter where time counts.
  const [answers, dead] = (["answers", "dead"] as const)
    .map((python) => decideRollback({ ...s, python }))
    .map((decision) => JSON.stringify(decision.action === "page" ? decision : { ...decision, reason: "" }));
  return answers !== dead;
}
