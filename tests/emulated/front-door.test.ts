import { readFileSync } from "node:fs";
import { get } from "node:https";
import { DescribeCertificateCommand, RequestCertificateCommand } from "@aws-sdk/client-acm";
import {
  CreateListenerCommand,
  CreateRuleCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  ModifyRuleCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from "@aws-sdk/client-route-53";
import { CONTACT_HEADER, contactBuckets } from "@cutover/domain/affinity";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSockets } from "../../rehearsal/run/sockets";
import { waitFor } from "../../rehearsal/support/wait";
import { TestWorld } from "./world";

let world: TestWorld;
let stopped = false;
beforeAll(async () => {
  world = await TestWorld.start();
});
afterAll(async () => {
  if (!stopped) await world?.stop();
});

describe("a certificate on the emulated AWS", () => {
  it("is issued by its DNS record, refused on a listener before, and served by the load balancer", async () => {
    const { CertificateArn } = await world.acm.send(
      new RequestCertificateCommand({ DomainName: "hooks.example.com", ValidationMethod: "DNS" }),
    );
    const describeIt = async () =>
      (await world.acm.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate;
    expect((await describeIt())?.Status).toBe("PENDING_VALIDATION");
    const { LoadBalancers } = await world.elb.send(new DescribeLoadBalancersCommand({}));
    const listener = new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
      Port: 443,
      Protocol: "HTTPS",
      Certificates: [{ CertificateArn }],
      DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
    });
    await expect(world.elb.send(listener)).rejects.toThrow(/PENDING_VALIDATION/);

    const record = (await describeIt())?.DomainValidationOptions?.[0]?.ResourceRecord;
    const zone = await world.route53.send(new CreateHostedZoneCommand({ Name: "example.com", CallerReference: "1" }));
    await world.route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.HostedZone?.Id,
        ChangeBatch: {
          Changes: [
            {
              Action: "UPSERT",
              ResourceRecordSet: {
                Name: record?.Name,
                Type: "CNAME",
                TTL: 60,
                ResourceRecords: [{ Value: record?.Value }],
              },
            },
          ],
        },
      }),
    );
    expect((await describeIt())?.Status).toBe("ISSUED");
    await world.elb.send(listener);
    await world.aws.loadBalancer.settled();
    const status = await new Promise((resolve, reject) => {
      const port = world.aws.loadBalancer.boundPort(443);
      get(
        { host: "127.0.0.1", port, servername: "hooks.example.com", ca: readFileSync(world.aws.caFile), agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      ).on("error", reject);
    });
    expect(status).toBe(404);
  });
});

describe("what AWS refuses and the emulator alone would take", () => {
  it("slow start with least outstanding requests, in two steps", async () => {
    const TargetGroupArn = await world.targetGroup("slow");
    const slow = new ModifyTargetGroupAttributesCommand({
      TargetGroupArn,
      Attributes: [{ Key: "slow_start.duration_seconds", Value: "30" }],
    });
    await expect(world.elb.send(slow)).rejects.toThrow(/slow start mode and least outstanding requests/);
  });

  it("too many condition values in a new and in a changed rule", async () => {
    const group = await world.targetGroup("values", { path: "/values", priority: 50 });
    const Conditions = [
      { Field: "path-pattern", PathPatternConfig: { Values: ["/a", "/b", "/c"] } },
      { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x", Values: ["1", "2", "3"] } },
    ];
    const Actions = [{ Type: "forward" as const, TargetGroupArn: group }];
    const create = new CreateRuleCommand({ ListenerArn: world.listenerArn, Priority: 51, Conditions, Actions });
    await expect(world.elb.send(create)).rejects.toThrow("A rule can only have '5' condition values");
    const RuleArn = world.aws.loadBalancer.config.loadBalancers[0]?.listeners
      .flatMap(({ rules }) => rules)
      .find(({ priority }) => priority === "50")?.arn;
    await expect(world.elb.send(new ModifyRuleCommand({ RuleArn, Conditions }))).rejects.toThrow("condition values");
  });

  it("public and loopback addresses as targets", async () => {
    const TargetGroupArn = await world.targetGroup("public");
    for (const Id of ["8.8.8.8", "127.0.0.1"]) {
      const register = new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id, Port: 80 }] });
      await expect(world.elb.send(register)).rejects.toThrow(Id);
    }
  });

  it("a service whose target group no rule uses", async () => {
    const group = await world.targetGroup("loose");
    const definition = await world.taskDefinition("loose");
    await expect(world.service("loose", definition, [group])).rejects.toThrow(
      "does not have an associated load balancer",
    );
  });
});

describe("target health", () => {
  it("of an address where nothing answers is unhealthy, whatever the emulator says", async () => {
    const group = await world.targetGroup("phantom", { path: "/phantom", priority: 70 });
    const Targets = [{ Id: "10.200.99.99", Port: 8080 }];
    await world.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets }));
    await waitFor(async () => (await world.healthStates(group))[0] === "unhealthy", {
      what: "an unhealthy target",
      deadlineMs: 5000,
    });
    expect((await fetch(`${world.front}/phantom`)).status).toBe(502);
  });
});

describe("a changed rule", () => {
  it("is what the load balancer does before the next request of the one who changed it", async () => {
    const { Listeners } = await world.elb.send(new DescribeListenersCommand({ ListenerArns: [world.listenerArn] }));
    expect(Listeners?.[0]?.Port).toBe(80);
    const created = await world.elb.send(
      new CreateRuleCommand({
        ListenerArn: world.listenerArn,
        Priority: 5,
        Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/flip"] } }],
        Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }],
      }),
    );
    for (let round = 0; round < 5; round++) {
      for (const StatusCode of ["503", "200"]) {
        await world.elb.send(
          new ModifyRuleCommand({
            RuleArn: created.Rules?.[0]?.RuleArn,
            Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode } }],
          }),
        );
        await world.aws.loadBalancer.settled();
        expect((await fetch(`${world.front}/flip`)).status).toBe(Number(StatusCode));
      }
    }
  });
});

describe("an expression over a header", () => {
  it("is kept, given back by every call, and what the load balancer goes by", async () => {
    const regex = contactBuckets(10).regex ?? "";
    const Conditions = (RegexValues: string[]) => [
      { Field: "path-pattern", PathPatternConfig: { Values: ["/contact"] } },
      { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: CONTACT_HEADER, RegexValues } },
    ];
    const created = await world.elb.send(
      new CreateRuleCommand({
        ListenerArn: world.listenerArn,
        Priority: 6,
        Conditions: Conditions(["^never$"]),
        Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }],
      }),
    );
    const RuleArn = created.Rules?.[0]?.RuleArn;
    const changed = await world.elb.send(new ModifyRuleCommand({ RuleArn, Conditions: Conditions([regex]) }));
    const read = await world.elb.send(new DescribeRulesCommand({ RuleArns: [RuleArn ?? ""] }));
    const kept = [created, changed, read].map(({ Rules }) => Rules?.[0]?.Conditions?.[1]?.HttpHeaderConfig);
    expect(kept).toEqual([
      { HttpHeaderName: CONTACT_HEADER, RegexValues: ["^never$"] },
      { HttpHeaderName: CONTACT_HEADER, RegexValues: [regex] },
      { HttpHeaderName: CONTACT_HEADER, RegexValues: [regex] },
    ]);
    await world.aws.loadBalancer.settled();
    const status = async (id: string) =>
      (await fetch(`${world.front}/contact`, { headers: { [CONTACT_HEADER]: id } })).status;
    expect(await Promise.all(["abcdez", "abcdEZ", "abcdzw", "abcdaw", "abcde0", ""].map(status))).toEqual([
      200, 200, 200, 404, 404, 404,
    ]);
  });

  it("that AWS does not know is refused", async () => {
    const create = new CreateRuleCommand({
      ListenerArn: world.listenerArn,
      Priority: 7,
      Conditions: [{ Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x", RegexValues: ["^(?!a)"] } }],
      Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }],
    });
    await expect(world.elb.send(create)).rejects.toThrow("is not a valid regular expression");
  });
});

describe("the machine", () => {
  it("hears this world on loopback only, and nothing of it after stop", async () => {
    const group = await world.targetGroup("last", { path: "/last", priority: 60 });
    await world.service("last", await world.taskDefinition("last"), [group]);
    await world.steady("last");
    const pids = [process.pid, ...world.aws.emulators.pids, ...world.aws.tasks.list().flatMap(({ pid }) => pid ?? [])];
    const { listening, exposed } = checkSockets(pids);
    expect(listening.length).toBeGreaterThanOrEqual(6);
    expect(exposed).toEqual([]);
    await world.stop();
    stopped = true;
    const after = checkSockets(pids).listening.map(({ port }) => port);
    expect(listening.filter(({ port }) => after.includes(port))).toEqual([]);
    for (const pid of pids.slice(1)) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(world.problems).toEqual([]);
  });
});
