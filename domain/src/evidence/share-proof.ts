import { contactBuckets } from "../affinity";
import type { KillSwitchState } from "../kill-switch";
import type { Engine } from "../metrics";
import type { Read } from "./model";
import { binomialBand, splitAgrees } from "./split";

/** Probes that are counted: the newest ones. */
export const PROBES_COUNTED = 20;
/** Of these so many may fail: a restarted function or a lost packet disproves no share. */
const PROBES_FORGIVEN = 3;

/** What one engine's newest probes said, {@link PROBES_COUNTED} at most where more are known. */
export interface ProbeTally {
  readonly total: number;
  readonly failed: number;
  /** The newest one failed: how the engine is now. */
  readonly newestFailed: boolean;
  /** Seconds since the last one that succeeded; undefined where none did. */
  readonly secondsSinceOk?: number;
}

/** Of 100 contacts so many of Node's may have been served by Python: a message on its way while the share changed. */
const STRANGERS_FORGIVEN = 1;

/** Contacts that wrote since the share is in force, by who served them. */
export interface ContactTally {
  readonly n: number;
  /** Served by Python, perhaps by Node as well. */
  readonly python: number;
  /**
   * Served by both engines. No fault in itself: a message without the header goes to Node, and so does one that was sent to
   * Node's own URL.
   */
  readonly both: number;
  /** Served by Python, and Node's at this share. */
  readonly strangers: number;
}

/** Everything the proof of a share looks at. */
export interface ShareFacts {
  /** Percent that the last complete update applied. */
  readonly declared: number;
  /** Percent that the rules send to Python now, as declared. */
  readonly rule: Read<number>;
  /** `none` once Node is removed; `unclear` where somebody edited the rule. */
  readonly killSwitch: Read<KillSwitchState | "unclear" | "none">;
  /** Healthy tasks in the customer groups; Node's is missing once it is removed. */
  readonly healthy: Read<Partial<Record<Engine, number>>>;
  /** Probes of the last minutes. */
  readonly probes: Read<Partial<Record<Engine, ProbeTally>>>;
  /** Customers' requests since the share is in force. */
  readonly requests: Read<Readonly<Record<Engine, number>>>;
  /** With affinity, instead of the requests: those of one contact are no independent draws. */
  readonly contacts?: Read<ContactTally>;
}

export interface ProofLink {
  readonly what: "declared" | "rule" | "tasks" | "probes" | "requests" | "contacts";
  /** `unknown`: it could not be read, or nothing happened yet. */
  readonly state: "ok" | "wrong" | "unknown";
  /** "24.1 % measured (n = 812)" */
  readonly says: string;
}

export interface ShareProof {
  /** `proved` only where all five links hold. */
  readonly outcome: "proved" | "disproved" | "unknown";
  readonly links: readonly ProofLink[];
}

/**
 * Five things that must agree before a share is believed: what was declared, the rules as they are, healthy tasks, who
 * answers the probes, and where the customers' requests went (exact binomial test at 99.99 %); with affinity, which engine
 * each contact got.
 */
export function proveShare(facts: ShareFacts): ShareProof {
  const links = [
    { what: "declared", state: "ok", says: `${facts.declared} % declared` } as const,
    ruleLink(facts),
    tasksLink(facts),
    probesLink(facts),
    facts.contacts ? contactsLink(facts.declared, facts.contacts) : requestsLink(facts),
  ];
  const worst = ["wrong", "unknown"].find((state) => links.some((link) => link.state === state));
  return { links, outcome: worst === "wrong" ? "disproved" : worst === "unknown" ? "unknown" : "proved" };
}

/**
 * What is known of Python before its first share: healthy tasks in its customer group, and probes it answers. There is no
 * share to prove yet, and sending the first customers to an engine that answers nobody would be found out by them.
 */
export function pythonReady({ healthy, probes }: Pick<ShareFacts, "healthy" | "probes">): readonly ProofLink[] {
  return [tasksOf(["python"], healthy), probesOf(["python"], probes)];
}

function ruleLink({ declared, rule, killSwitch }: ShareFacts): ProofLink {
  const what = "rule";
  if ("unavailable" in rule) return { what, state: "unknown", says: `rule not read: ${rule.unavailable}` };
  if ("unavailable" in killSwitch) {
    return { what, state: "unknown", says: `kill switch not read: ${killSwitch.unavailable}` };
  }
  const says = `${rule.value} % by the rule`;
  const open = killSwitch.value === "off" || killSwitch.value === "none";
  if (!open) return { what, state: "wrong", says: `${says}, but the kill switch is "${killSwitch.value}"` };
  return { what, state: rule.value === declared ? "ok" : "wrong", says };
}

/** Engines that customers reach at this share, and Node as the way back while it exists. */
function expected(declared: number, known: Partial<Record<Engine, unknown>>): Engine[] {
  const engines: Engine[] = ["python", "node"];
  return engines.filter((engine) => (engine === "python" ? declared > 0 : declared < 100 || "node" in known));
}

function tasksLink({ declared, healthy }: ShareFacts): ProofLink {
  return tasksOf("value" in healthy ? expected(declared, healthy.value) : [], healthy);
}

function tasksOf(engines: readonly Engine[], healthy: ShareFacts["healthy"]): ProofLink {
  const what = "tasks";
  if ("unavailable" in healthy) return { what, state: "unknown", says: `tasks not counted: ${healthy.unavailable}` };
  const says = engines.map((engine) => `${title(engine)} ${healthy.value[engine] ?? 0}`).join(", ");
  const dead = engines.some((engine) => (healthy.value[engine] ?? 0) === 0);
  return { what, state: dead ? "wrong" : "ok", says: `healthy tasks: ${says}` };
}

function probesLink({ declared, probes }: ShareFacts): ProofLink {
  return probesOf("value" in probes ? expected(declared, probes.value) : [], probes);
}

function probesOf(engines: readonly Engine[], probes: ShareFacts["probes"]): ProofLink {
  const what = "probes";
  if ("unavailable" in probes) return { what, state: "unknown", says: `probes not read: ${probes.unavailable}` };
  const tallies = engines.map((engine) => [engine, probes.value[engine]] as const);
  const says = tallies.map(([engine, tally]) => {
    const newest = tally?.newestFailed ? " (the newest failed)" : "";
    return `${title(engine)} ${(tally?.total ?? 0) - (tally?.failed ?? 0)}/${tally?.total ?? 0}${newest}`;
  });
  const state = tallies.some(([, tally]) => tally && (tally.newestFailed || tally.failed > PROBES_FORGIVEN))
    ? "wrong"
    : tallies.some(([, tally]) => !tally || tally.total === 0)
      ? "unknown"
      : "ok";
  return { what, state, says: `probes answered: ${says.join(", ")}` };
}

function requestsLink({ declared, requests }: ShareFacts): ProofLink {
  const what = "requests";
  if ("unavailable" in requests)
    return { what, state: "unknown", says: `requests not counted: ${requests.unavailable}` };
  const { python, node } = requests.value;
  const n = python + node;
  if (n === 0) return { what, state: "unknown", says: "no customer's request since this share is in force" };
  const measured = `${((100 * python) / n).toFixed(1)} % measured (n = ${n})`;
  if (splitAgrees(python, n, declared / 100)) return { what, state: "ok", says: measured };
  const { low, high } = binomialBand(n, declared / 100);
  const [from, to] = [low, high].map((count) => ((100 * count) / n).toFixed(1));
  return { what, state: "wrong", says: `${measured}, expected ${from} to ${to} %` };
}

/** Which engine a contact must have had is known exactly; how many of them are Python's is tested like a split. */
function contactsLink(declared: number, contacts: Read<ContactTally>): ProofLink {
  const what = "contacts";
  if ("unavailable" in contacts)
    return { what, state: "unknown", says: `contacts not counted: ${contacts.unavailable}` };
  const { n, python, both, strangers } = contacts.value;
  if (n === 0) return { what, state: "unknown", says: "no contact wrote since this share is in force" };
  const measured = `${((100 * python) / n).toFixed(1)} % of ${n} contacts, ${both} served by both engines`;
  if (100 * strangers > STRANGERS_FORGIVEN * n) {
    return { what, state: "wrong", says: `${measured}, ${strangers} by Python although they are Node's` };
  }
  const share = contactBuckets(declared).expectedShare / 100;
  if (splitAgrees(python, n, share)) return { what, state: "ok", says: measured };
  const { low, high } = binomialBand(n, share);
  const [from, to] = [low, high].map((count) => ((100 * count) / n).toFixed(1));
  return { what, state: "wrong", says: `${measured}, expected ${from} to ${to} % (is x-contact-id sent?)` };
}

function title(engine: Engine): string {
  return engine === "node" ? "Node" : "Python";
}
