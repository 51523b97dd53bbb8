import { describe, expect, it } from "vitest";
import type { RuleAction, RuleCondition, RuleConfig } from "./config";
import { firstMatch, holds, type RequestFacts } from "./match";

function request(facts: Partial<RequestFacts> = {}): RequestFacts {
  return { method: "POST", url: "/webhooks/ghl", headers: {}, sourceIp: "203.0.113.9", ...facts };
}

const path = (...values: string[]): RuleCondition => ({ field: "path-pattern", values, regexValues: [] });
const host = (...values: string[]): RuleCondition => ({ field: "host-header", values, regexValues: [] });
const header = (name: string, values: string[], regexValues: string[] = []): RuleCondition => ({
  field: "http-header",
  name,
  values,
  regexValues,
});
const query = (...values: { key?: string; value: string }[]): RuleCondition => ({ field: "query-string", values });

describe("one condition", () => {
  it.each<[string, RuleCondition, Partial<RequestFacts>, boolean]>([
    ["path, star", path("/webhooks/*"), {}, true],
    ["path, the star may be empty", path("/webhooks/*"), { url: "/webhooks/" }, true],
    ["path, needs the slash", path("/webhooks/*"), { url: "/webhooks" }, false],
    ["path, star crosses slashes", path("/webhooks/*"), { url: "/webhooks/a/b" }, true],
    ["path, whole text", path("/hooks"), { url: "/hooks/x" }, false],
    ["path, without the query", path("/webhooks/ghl"), { url: "/webhooks/ghl?a=/b" }, true],
    ["path, case matters", path("/Webhooks/*"), {}, false],
    ["path, question mark is one character", path("/webhooks/gh?"), {}, true],
    ["path, question mark is not none", path("/webhooks/ghl?"), {}, false],
    ["path, a dot is a dot", path("/webhooks.ghl"), {}, false],
    ["path, any of several", path("/x", "/webhooks/ghl"), {}, true],
    ["host, case does not matter", host("API.example.com"), { headers: { host: "api.EXAMPLE.com" } }, true],
    ["host, port is left out", host("api.example.com"), { headers: { host: "api.example.com:8443" } }, true],
    ["host, star", host("*.example.com"), { headers: { host: "example.com" } }, false],
    ["header, exact", header("x-cutover-target", ["node"]), { headers: { "x-cutover-target": "node" } }, true],
    [
      "header, name in any case",
      header("X-Cutover-Target", ["node"]),
      { headers: { "x-cutover-target": "node" } },
      true,
    ],
    [
      "header, value in any case",
      header("x-cutover-target", ["NODE"]),
      { headers: { "x-cutover-target": "node" } },
      true,
    ],
    ["header, other value", header("x-cutover-target", ["node"]), { headers: { "x-cutover-target": "nodes" } }, false],
    ["header, absent", header("x-cutover-target", ["*"]), {}, false],
    ["header, empty value and star", header("x-contact-id", ["*"]), { headers: { "x-contact-id": "" } }, true],
    ["header, suffix", header("x-contact-id", ["*a", "*b"]), { headers: { "x-contact-id": "xyzB" } }, true],
    [
      "header, regular expression",
      header("x-contact-id", [], ["[0-7]$"]),
      { headers: { "x-contact-id": "ab7" } },
      true,
    ],
    [
      "header, regular expression fails",
      header("x-contact-id", [], ["[0-7]$"]),
      { headers: { "x-contact-id": "ab8" } },
      false,
    ],
    ["method", { field: "http-request-method", values: ["POST"] }, {}, true],
    ["method, case matters", { field: "http-request-method", values: ["post"] }, {}, false],
    ["query, pair", query({ key: "backend", value: "node" }), { url: "/webhooks/ghl?a=1&backend=node" }, true],
    ["query, case does not matter", query({ key: "Backend", value: "NODE" }), { url: "/?backend=node" }, true],
    ["query, other value", query({ key: "backend", value: "node" }), { url: "/?backend=python" }, false],
    ["query, value of another key", query({ key: "backend", value: "node" }), { url: "/?other=node" }, false],
    ["query, any key", query({ value: "node" }), { url: "/?other=node" }, true],
    ["query, decoded", query({ key: "b", value: "a b" }), { url: "/?b=a%20b" }, true],
    ["query, none", query({ value: "*" }), {}, false],
    ["source ip", { field: "source-ip", values: ["203.0.113.0/24"] }, {}, true],
    ["source ip, mapped", { field: "source-ip", values: ["127.0.0.0/8"] }, { sourceIp: "::ffff:127.0.0.1" }, true],
    ["source ip, outside", { field: "source-ip", values: ["198.51.100.0/24"] }, {}, false],
    ["source ip, other family", { field: "source-ip", values: ["2001:db8::/32"] }, {}, false],
  ])("%s", (_name, condition, facts, expected) => {
    expect(holds(condition, request(facts))).toBe(expected);
  });
});

describe("the first rule that matches", () => {
  const action = (body: string): RuleAction => ({
    type: "fixed-response",
    statusCode: 200,
    contentType: "text/plain",
    body,
  });
  const rule = (priority: string, conditions: RuleCondition[]): RuleConfig => ({
    arn: priority,
    priority,
    conditions,
    action: action(priority),
  });
  const rules = [
    rule("10", [path("/webhooks/*"), header("x-cutover-target", ["python"])]),
    rule("40", [path("/webhooks/*"), query({ key: "backend", value: "node" })]),
    rule("50", [path("/webhooks/*")]),
    rule("default", []),
  ];

  it.each<[string, Partial<RequestFacts>, string]>([
    ["needs all conditions", { headers: { "x-cutover-target": "node" } }, "50"],
    ["goes by order", { url: "/webhooks/ghl?backend=node", headers: { "x-cutover-target": "python" } }, "10"],
    ["takes the next", { url: "/webhooks/ghl?backend=node" }, "40"],
    ["ends at the default", { url: "/other" }, "default"],
  ])("%s", (_name, facts, priority) => {
    expect(firstMatch(rules, request(facts))?.priority).toBe(priority);
  });
});
