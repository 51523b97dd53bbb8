import { ladder, phases } from "@cutover/domain/phases";
import { appliedPath } from "@cutover/domain/stack-record";
import { isKillSwitch } from "./kill-switch";
import { type Declared, json, list, number, record, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

/** TLS 1.2 with forward secrecy and up. Source: AWS, "Security policies for your Application Load Balancer". */
const MODERN_TLS = /^ELBSecurityPolicy-TLS13-1-[23]-/;

/** Weights are whole percent and sum to 100, without stickiness: a webhook sender sends no cookie back. */
export function weights({ type, name, props }: Declared): string[] {
  if (type !== TYPES.listenerRule && type !== TYPES.listener) return [];
  const actions = list(type === TYPES.listener ? props.defaultActions : props.actions);
  return actions.flatMap((action) => {
    const forward = record(record(action)?.forward);
    return forward ? weightedForward(name, forward) : [];
  });
}

function weightedForward(name: string, forward: Readonly<Record<string, unknown>>): string[] {
  const declared = list(forward.targetGroups).map((group) => record(group)?.weight);
  if (declared.includes(UNKNOWN)) return [];
  const found: string[] = [];
  const percents = declared.map(number);
  const sum = percents.reduce<number>((total, percent) => total + (percent ?? 0), 0);
  if (percents.some((percent) => percent === undefined || !Number.isInteger(percent) || percent < 0 || percent > 100)) {
    found.push(`${name}: a weight is missing or no whole percent; declare one of 0 to 100 for every target group.`);
  } else if (sum !== 100) {
    found.push(`${name}: the weights sum to ${sum}; make them 100, so that a weight is a share in percent.`);
  }
  if (record(forward.stickiness)?.enabled === true) {
    found.push(`${name}: stickiness is on; set forward.stickiness.enabled to false, webhook senders keep no cookie.`);
  }
  return found;
}

/** What an update records as applied is a phase of the ladder with its share or less. */
export function shareOnLadder({ type, name, stack, props }: Declared): string[] {
  if (type !== TYPES.parameter || props.name !== appliedPath(stack) || props.value === UNKNOWN) return [];
  const applied = record(json(props.value));
  const phase = phases.find((one) => one.name === applied?.phase);
  if (!phase) {
    const names = phases.map((one) => one.name).join(", ");
    return [`${name}: the applied phase is none of ${names}; set cutover:phase to one of them.`];
  }
  const share = number(applied?.pythonShare);
  if (share === undefined || !Number.isInteger(share) || share < 0) {
    return [`${name}: Python's share is no whole percent; give cutover:pythonWeight as 0 to ${phase.pythonShare}.`];
  }
  if (share <= phase.pythonShare) return [];
  const right = ladder.find((one) => one.pythonShare >= share)?.name ?? "full";
  return [
    `${name}: phase ${phase.name} allows Python ${phase.pythonShare} %, not ${share} %; lower cutover:pythonWeight, or go up by cutover:phase, one rung at a time (${right} has that share).`,
  ];
}

/** The kill switch's live state belongs to the rollback function; the weighted rule's belongs to Pulumi, always. */
export function ruleOwnership(rule: Declared): string[] {
  const { type, name, props, ignoreChanges } = rule;
  if (type !== TYPES.listenerRule || ignoreChanges === undefined) return [];
  const ignores = (what: string) => ignoreChanges.some((path) => path === what || path.startsWith(`${what}[`));
  if (isKillSwitch(rule)) {
    const missing = ["conditions", "actions"].filter((what) => !ignores(what));
    return missing.length === 0
      ? []
      : [
          `${name}: an update would write the kill switch's ${missing.join(" and ")} and so undo a rollback in force; set ignoreChanges: ["conditions", "actions"].`,
        ];
  }
  return ignores("actions") && list(props.actions).some((action) => record(record(action)?.forward))
    ? [`${name}: changes of its weights are ignored; take "actions" out of ignoreChanges, weights are always declared.`]
    : [];
}

/** Least outstanding requests, which AWS refuses together with slow start: a hanging task must not keep its share. */
export function leastOutstanding({ type, name, props }: Declared): string[] {
  if (type !== TYPES.targetGroup || props.targetType === "lambda") return [];
  const found: string[] = [];
  const { loadBalancingAlgorithmType: algorithm, slowStart } = props;
  if (algorithm !== UNKNOWN && algorithm !== "least_outstanding_requests") {
    found.push(`${name}: set loadBalancingAlgorithmType to "least_outstanding_requests"; a slow task gets less then.`);
  }
  if ((number(slowStart) ?? 0) !== 0) {
    found.push(`${name}: remove slowStart; AWS refuses it together with least outstanding requests.`);
  }
  return found;
}

/** Customers reach us by modern TLS only, and nothing but a redirect answers plain HTTP. */
export function tls({ type, name, props }: Declared): string[] {
  if (type !== TYPES.listener) return [];
  const { protocol, sslPolicy } = props;
  if (protocol === UNKNOWN) return [];
  if (protocol === "HTTPS") {
    if (sslPolicy === UNKNOWN || MODERN_TLS.test(text(sslPolicy) ?? "")) return [];
    return [
      `${name}: ${sslPolicy === undefined ? "no sslPolicy is set, AWS's default allows TLS 1.0" : "its sslPolicy allows TLS before 1.2"}; set "ELBSecurityPolicy-TLS13-1-2-2021-06" or newer.`,
    ];
  }
  const actions = list(props.defaultActions).map(record);
  const redirects = actions.length > 0 && actions.every((action) => record(action?.redirect)?.protocol === "HTTPS");
  return redirects
    ? []
    : [`${name}: answers plain ${text(protocol) ?? "HTTP"}; make its default action a redirect to HTTPS on port 443.`];
}
