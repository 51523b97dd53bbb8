import { AFFINITIES, type Affinity, CONTACT_HEADER, contactRules } from "@cutover/domain/affinity";
import { type Phase, phases } from "@cutover/domain/phases";
import { appliedPath } from "@cutover/domain/stack-record";
import { archiveWhole } from "./archive";
import { isKillSwitch } from "./kill-switch";
import { type Declared, type Finding, json, list, number, record, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

/** What the stack says of itself: phase and share as this update will record them. */
export interface Applied {
  readonly parameter: Declared;
  readonly phase: Phase;
  readonly pythonShare: number;
  /** After a rollback: minutes that the alarms' windows may reach back. */
  readonly lookBackMinutes: number | undefined;
  readonly affinity: Affinity;
}

/** The record, nothing where the stack has no front door at all, or a finding where it should be there and is not. */
export function appliedOf(all: readonly Declared[]): Applied | Finding | undefined {
  const parameter = all.find((one) => one.type === TYPES.parameter && one.props.name === appliedPath(one.stack));
  if (!parameter) {
    return all.some((one) => one.type === TYPES.listenerRule)
      ? { message: "Nothing records the applied phase; declare the parameter /cutover/<stack>/applied." }
      : undefined;
  }
  const value = record(json(parameter.props.value));
  const phase = phases.find((one) => one.name === value?.phase);
  const pythonShare = number(value?.pythonShare);
  // What is wrong with the value itself is told by the policy `python-share-on-ladder`.
  const lookBackMinutes = number(value?.alarmsLookBackMinutes);
  const affinity = AFFINITIES.find((one) => one === value?.affinity) ?? "none";
  return phase && pythonShare !== undefined ? { parameter, phase, pythonShare, lookBackMinutes, affinity } : undefined;
}

/** Node's service, its capacity and the switch back to it stay until `decommission`, which archives its code first. */
export function nodeUntilDecommission(all: readonly Declared[]): Finding[] {
  const applied = appliedOf(all);
  if (applied === undefined) return [];
  if ("message" in applied) return [applied];
  const { parameter, phase } = applied;
  const until = `phase ${phase.name} needs Node`;
  if (phase.node === "removed") return archiveWhole(all, parameter);
  const service = all.find((one) => one.type === TYPES.service && one.props.name === "node");
  const found: Finding[] = [];
  if (!service) {
    found.push({ message: `Node's service is gone, but ${until}; keep it until cutover:phase is decommission.` });
  } else if (service.props.desiredCount === 0) {
    found.push({ about: service, message: `Node has no task, but ${until}; set cutover:node.tasks to its peak.` });
  }
  const capacity = all.find((one) => one.type === TYPES.capacity && /^node\b/.test(one.name));
  const minimum = capacity?.props.minCapacity;
  if (minimum !== UNKNOWN && (number(minimum) ?? 0) < 1) {
    const about = capacity ?? service;
    found.push({
      ...(about ? { about } : {}),
      message: `Node may be scaled to nothing, but ${until}; keep its minCapacity at the peak (cutover:node.tasks).`,
    });
  }
  if (!all.some(isKillSwitch)) {
    found.push({ message: `The kill switch's rule is gone, but ${until}; without it no rollback can move traffic.` });
  }
  return found;
}

/** The rules that share customers' messages carry the share that the update records, by weight or by contact. */
export function weightsAsRecorded(all: readonly Declared[]): Finding[] {
  const applied = appliedOf(all);
  if (applied === undefined || "message" in applied) return [];
  const { phase, pythonShare } = applied;
  const byContact = applied.affinity === "contact" && phase.node !== "removed" ? contactRules(pythonShare) : undefined;
  const rules = all.filter((one) => one.type === TYPES.listenerRule);
  const weighted = rules.find(({ props }) => props.priority === 50);
  const contact = rules.find(({ props }) => props.priority === 45);
  if (!weighted)
    return [{ message: "No rule shares the messages (priority 50); declare trafficSplit of components/traffic.ts." }];
  const share = phase.node === "removed" ? undefined : (byContact?.weight ?? pythonShare);
  return [...sharesAs(all, weighted, share), ...contactsAs(all, contact, byContact)];
}

/** @param share percent for Python; undefined: it is alone */
function sharesAs(all: readonly Declared[], rule: Declared, share: number | undefined): Finding[] {
  const wanted = share === undefined ? [100] : [100 - share, share];
  const groups = list(rule.props.actions).flatMap((one) =>
    list(record(record(one)?.forward)?.targetGroups).map(record),
  );
  const weights = groups.map((group) => group?.weight);
  if (weights.includes(UNKNOWN) || sameSplit(all, groups, wanted)) return [];
  const message = `${rule.name} sends ${weights.join(" : ") || "nothing"}, but the update records ${wanted.join(" : ")} (Node : Python); give both from the same value.`;
  return [{ about: rule, message }];
}

function contactsAs(
  all: readonly Declared[],
  rule: Declared | undefined,
  wanted: ReturnType<typeof contactRules> | undefined,
): Finding[] {
  if (!wanted) {
    return rule
      ? [{ about: rule, message: `${rule.name} deals by contact, but the update records no affinity; remove it.` }]
      : [];
  }
  if (!rule) {
    return [{ message: "No rule deals by contact (priority 45), but the update records that affinity; declare it." }];
  }
  const regex = rule.props.conditions === UNKNOWN ? UNKNOWN : regexFor(rule, CONTACT_HEADER);
  const others =
    regex === UNKNOWN || regex === wanted.contacts.regex
      ? []
      : [{ about: rule, message: `${rule.name} names other contacts than the recorded share; use contactRules.` }];
  return [...others, ...sharesAs(all, rule, wanted.contacts.weight)];
}

/** The expression a rule has for a header; undefined where it has none. */
function regexFor({ props }: Declared, name: string): unknown {
  for (const condition of list(props.conditions)) {
    const header = record(record(condition)?.httpHeader);
    if (text(header?.httpHeaderName)?.toLowerCase() === name) return list(header?.regexValues)[0] ?? "";
  }
  return undefined;
}

type Group = Readonly<Record<string, unknown>> | undefined;

/** AWS gives the groups back in any order, so Python's is known by its ARN; before there is one, the numbers must do. */
function sameSplit(all: readonly Declared[], groups: readonly Group[], wanted: readonly number[]): boolean {
  const sorted = (weights: readonly unknown[]) => weights.map(Number).sort((a, b) => a - b);
  if (JSON.stringify(sorted(groups.map((group) => group?.weight))) !== JSON.stringify(sorted(wanted))) return false;
  const customers = all.find(({ type, name }) => type === TYPES.targetGroup && name.endsWith("python-customer"));
  const arn = text(customers?.props.arn);
  const python = arn === undefined ? undefined : groups.find((group) => group?.arn === arn);
  return python === undefined || python.weight === wanted.at(-1);
}
