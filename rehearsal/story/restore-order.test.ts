import { describe, expect, it } from "vitest";
import type { TimelineEntry } from "../engine/events";
import { judgeRestoreOrder } from "./restore-order";

const urn = (type: string, name: string) => `urn:pulumi:rehearsal::cutover::cutover:index:Cutover$${type}::${name}`;
const WEBHOOK = urn("cutover:index:Webhook$pulumi-nodejs:dynamic/cutover:GhlValue", "webhook-url");
const SECRET = urn("cutover:index:Webhook$pulumi-nodejs:dynamic/cutover:GhlValue", "webhook-secret");
const PARAMETER = urn("aws:ssm/parameter:Parameter", "manifest");
const LISTENER = urn("aws:lb/listener:Listener", "https");

const started = (of: string): TimelineEntry => ({ mark: "started", op: "delete", urn: of });
const ended = (of: string): TimelineEntry => ({ mark: "ended", op: "delete", urn: of });
const failed = (of: string): TimelineEntry => ({ mark: "failed", op: "delete", urn: of });
const whole = (of: string) => [started(of), ended(of)];

describe("judgeRestoreOrder", () => {
  it("is content when everything that serves goes after the webhook; a parameter may go before", () => {
    const order = [...whole(PARAMETER), ...whole(WEBHOOK), ...whole(SECRET), ...whole(LISTENER)];
    expect(judgeRestoreOrder(order)).toEqual({ ok: true, seen: "1 resources went after it" });
  });

  it("names what began to go while the webhook was being restored", () => {
    const order = [started(WEBHOOK), started(LISTENER), ended(WEBHOOK), ended(LISTENER)];
    expect(judgeRestoreOrder(order)).toEqual({
      ok: false,
      seen: "went before the webhook was restored: aws:lb/listener:Listener https",
    });
  });

  it.each([
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/targetGroup:TargetGroup",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:ecs/service:Service",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/route:Route",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:route53/record:Record",
    "aws:secretsmanager/secretVersion:SecretVersion",
  ])("guards %s", (type) => {
    const one = urn(type, "x");
    expect(judgeRestoreOrder([...whole(one), ...whole(WEBHOOK)]).ok).toBe(false);
    expect(judgeRestoreOrder([...whole(WEBHOOK), ...whole(one)]).ok).toBe(true);
  });

  it("does not take the end of another value, a failed delete or an update for the restoring", () => {
    const restored = "no delete of GhlValue webhook-url was finished";
    expect(judgeRestoreOrder([...whole(SECRET), ...whole(LISTENER)]).seen).toBe(restored);
    expect(judgeRestoreOrder([started(WEBHOOK), failed(WEBHOOK), ...whole(LISTENER)]).seen).toBe(restored);
    expect(judgeRestoreOrder([{ ...ended(WEBHOOK), op: "update" }, ...whole(LISTENER)]).seen).toBe(restored);
  });

  it("is not content with a destroy that deleted nothing else, and shortens a long list", () => {
    expect(judgeRestoreOrder(whole(WEBHOOK)).ok).toBe(false);
    const many = Array.from({ length: 7 }, (_, i) => urn("aws:lb/targetGroup:TargetGroup", `tg-${i}`));
    expect(judgeRestoreOrder([...many.flatMap(whole), ...whole(WEBHOOK)]).seen).toMatch(/tg-4, and 2 more$/);
  });
});
