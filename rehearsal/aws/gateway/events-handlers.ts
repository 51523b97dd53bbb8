import type { AwsCall } from "./call";
import { type Handler, type HandlerContext, type Handlers, jsonBuffer, jsonOf } from "./handlers";
import type { JsonObject } from "./reality";

/**
 * EventBridge rules with a schedule. The emulator would fire them by real time, so it gets them disabled; callers see
 * the state they gave, and the rehearsal's own scheduler fires the enabled ones by its clock.
 */
export const eventsHandlers: Handlers = {
  "events:PutRule": {
    rewrite: (call, { memory }) => {
      const request = jsonOf(call);
      const [bus, name] = ruleOf(call);
      if (request.ScheduleExpression) memory.schedulePut(bus, name, String(request.State ?? "ENABLED"));
      else memory.scheduleDeleted(bus, name);
      return jsonBuffer(request.ScheduleExpression ? { ...request, State: "DISABLED" } : request);
    },
  },
  "events:EnableRule": switchTo("ENABLED"),
  "events:DisableRule": switchTo("DISABLED"),
  "events:DeleteRule": {
    correct: (call, answer, { memory }) => {
      memory.scheduleDeleted(...ruleOf(call));
      return answer;
    },
  },
  "events:DescribeRule": {
    correct: (call, answer, context) => jsonBuffer(asMeant(parsed(answer), busOf(jsonOf(call)), context)),
  },
  "events:ListRules": {
    correct: (call, answer, context) => {
      const body = parsed(answer);
      const rules = (body.Rules ?? []) as readonly JsonObject[];
      return jsonBuffer({ ...body, Rules: rules.map((rule) => asMeant(rule, busOf(jsonOf(call)), context)) });
    },
  },
};

/** EnableRule and DisableRule: the emulator only says whether the rule exists. */
function switchTo(state: string): Handler {
  return {
    answer: (call, { memory }) => {
      const [bus, name] = ruleOf(call);
      if (memory.schedule(bus, name) === undefined) return undefined;
      memory.schedulePut(bus, name, state);
      return jsonBuffer({});
    },
  };
}

const busOf = (request: JsonObject): string => String(request.EventBusName ?? "default");
const parsed = (answer: Buffer): JsonObject => JSON.parse(answer.toString("utf8")) as JsonObject;

function ruleOf(call: AwsCall): [bus: string, name: string] {
  const request = jsonOf(call);
  return [busOf(request), String(request.Name)];
}

function asMeant(rule: JsonObject, bus: string, { memory }: HandlerContext): JsonObject {
  const state = memory.schedule(bus, String(rule.Name));
  return state === undefined ? rule : { ...rule, State: state };
}
