import { isKillSwitch } from "./kill-switch";
import { type Declared, type Finding, json, list, pointsAt, record, text, UNKNOWN } from "./model";
import type { Applied } from "./safety-net";
import { TYPES } from "./types";

/** How often the reconciler and the prober run: what `domain/src/triggers.ts` reckons with. */
const EVERY_MINUTE = "rate(1 minute)";

const CALLERS: Readonly<Record<string, string>> = {
  "sns.amazonaws.com": "SNS",
  "events.amazonaws.com": "The event rule",
  "elasticloadbalancing.amazonaws.com": "The load balancer",
};

/** From the topic and the clock to the function, and from there to the rule that it has to move. */
export function deafFunction(all: readonly Declared[], { parameter }: Applied): Finding[] {
  const { stack } = parameter;
  const rollback = `cutover-${stack}-rollback`;
  const prober = `cutover-${stack}-prober`;
  return [
    ...missingTopic(all, rollback),
    ...missingTopic(all, `cutover-${stack}-people`),
    ...runs(all, rollback, "nothing would move traffic back"),
    ...runs(all, prober, "nothing would probe the engines"),
    ...runs(all, `cutover-${stack}-replay`, "what is held in the inbox would stay there"),
    ...inbox(all, `cutover-${stack}-inbox`),
    ...subscribed(all, rollback),
    ...mayMoveTheRule(all, rollback),
  ];
}

/** Where `hold` sends messages: a function that the load balancer may call and that is registered. */
function inbox(all: readonly Declared[], name: string): Finding[] {
  const made = named(all, TYPES.function, name);
  const group = named(all, TYPES.targetGroup, name);
  if (!made || !group) {
    return [
      {
        message: `The inbox ${name} (function and target group) is missing: with both engines dead messages would be lost.`,
      },
    ];
  }
  const registered = all.some(
    (one) =>
      one.type === TYPES.targetAttachment && pointsAt(one, "targetGroupArn", group) && pointsAt(one, "targetId", made),
  );
  return [
    ...(registered
      ? []
      : [{ about: group, message: `${name} has no target; declare the attachment of its function.` }]),
    ...permitted(all, made, name, "elasticloadbalancing.amazonaws.com", group),
  ];
}

function missingTopic(all: readonly Declared[], name: string): Finding[] {
  return named(all, TYPES.topic, name)
    ? []
    : [{ message: `The topic ${name} is missing: alarms would reach nothing. Declare it.` }];
}

function named(all: readonly Declared[], type: string, name: string): Declared | undefined {
  return all.find((one) => one.type === type && one.props.name === name);
}

/** The function exists, may run at all, and is called each minute. */
function runs(all: readonly Declared[], name: string, without: string): Finding[] {
  const made = named(all, TYPES.function, name);
  if (!made) return [{ message: `The function ${name} is missing: ${without}. Declare it.` }];
  const found: Finding[] = [];
  if (made.props.reservedConcurrentExecutions === 0) {
    found.push({
      about: made,
      message: `${name} may not run: reservedConcurrentExecutions is 0; take the setting away, ${without}.`,
    });
  }
  return [...found, ...calledEachMinute(all, made, name)];
}

function calledEachMinute(all: readonly Declared[], made: Declared, name: string): Finding[] {
  const rule = named(all, TYPES.eventRule, name);
  if (!rule) return [{ message: `Nothing calls ${name} each minute; declare the event rule ${name}.` }];
  const { scheduleExpression, state, isEnabled } = rule.props;
  const found: Finding[] = [];
  if (scheduleExpression !== EVERY_MINUTE && scheduleExpression !== UNKNOWN) {
    found.push({
      about: rule,
      message: `${name} is not called each minute; set scheduleExpression "${EVERY_MINUTE}".`,
    });
  }
  if (isEnabled === false || (typeof state === "string" && state !== "" && !state.startsWith("ENABLED"))) {
    found.push({ about: rule, message: `The event rule ${name} is off; take state and isEnabled away.` });
  }
  const target = all.find(
    (one) =>
      one.type === TYPES.eventTarget &&
      pointsAt(one, "rule", rule, { outputs: ["name"] }) &&
      pointsAt(one, "arn", made),
  );
  if (!target) {
    found.push({
      about: rule,
      message: `The event rule ${name} does not call the function ${name}; declare its target.`,
    });
  }
  return [...found, ...permitted(all, made, name, "events.amazonaws.com", rule)];
}

function permitted(all: readonly Declared[], made: Declared, name: string, principal: string, by: Declared): Finding[] {
  const may = all.some(
    (one) =>
      one.type === TYPES.functionPermission &&
      one.props.principal === principal &&
      pointsAt(one, "function", made, { outputs: ["name", "arn"] }) &&
      // Without a source everybody's topics may call it; that is another policy's business.
      (one.props.sourceArn === undefined || pointsAt(one, "sourceArn", by)),
  );
  const who = CALLERS[principal] ?? principal;
  return may
    ? []
    : [{ about: made, message: `${who} may not invoke ${name}; declare the permission for ${principal}.` }];
}

function subscribed(all: readonly Declared[], name: string): Finding[] {
  const made = named(all, TYPES.function, name);
  const topic = named(all, TYPES.topic, name);
  if (!made || !topic) return [];
  const hears = all.some(
    (one) =>
      one.type === TYPES.subscription &&
      one.props.protocol === "lambda" &&
      !text(one.props.filterPolicy) &&
      pointsAt(one, "topic", topic) &&
      pointsAt(one, "endpoint", made),
  );
  return [
    ...(hears
      ? []
      : [{ about: made, message: `The function ${name} is not subscribed to its topic; declare the subscription.` }]),
    ...permitted(all, made, name, "sns.amazonaws.com", topic),
  ];
}

/** Without this right the function is called, reads, decides, and can do nothing. */
function mayMoveTheRule(all: readonly Declared[], name: string): Finding[] {
  const rule = all.find(isKillSwitch);
  const made = named(all, TYPES.function, name);
  if (!rule || !made) return [];
  const role = named(all, TYPES.role, name);
  const outputs = ["name", "id"];
  const may = all.some(
    (one) =>
      role && one.type === TYPES.rolePolicy && pointsAt(one, "role", role, { outputs }) && allowsModify(one, rule),
  );
  if (role && may && pointsAt(made, "role", role)) return [];
  const message = `${name} may not change the kill switch's rule; allow its role elasticloadbalancing:ModifyRule on it (components/rollback-policies.ts).`;
  return [{ about: made, message }];
}

function allowsModify(policy: Declared, rule: Declared): boolean {
  const document = policy.props.policy;
  if (typeof document !== "string") return pointsAt(policy, "policy", rule, { value: UNKNOWN });
  const statements = list(record(json(document))?.Statement).map(record);
  const on = (statement: (typeof statements)[number]) =>
    list(statement?.Resource).some((value) => text(value) !== undefined && pointsAt(policy, "policy", rule, { value }));
  return statements.some(
    (one) => one?.Effect === "Allow" && list(one.Action).includes("elasticloadbalancing:ModifyRule") && on(one),
  );
}
