import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ACMClient } from "@aws-sdk/client-acm";
import { ApplicationAutoScalingClient } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type Service,
} from "@aws-sdk/client-ecs";
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyTargetGroupAttributesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { Route53Client } from "@aws-sdk/client-route-53";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { EmulatedAws } from "../../rehearsal/aws/emulated-aws";
import { RehearsalClock } from "../../rehearsal/clock";
import { RehearsalCloudWatch } from "../../rehearsal/metrics/cloudwatch";
import { waitFor } from "../../rehearsal/support/wait";
import type { ImageProgram } from "../../rehearsal/tasks/task";

/** Folder of the Python environment with the emulators; a missing one is a failure, never a skipped test. */
export function emulatorsVenv(): string {
  const venv = process.env.CUTOVER_EMULATORS_VENV;
  if (!venv) {
    throw new Error(
      "CUTOVER_EMULATORS_VENV is not set: it names the Python environment of the AWS emulators; `make test` installs it and sets the variable",
    );
  }
  return venv;
}

/** Where all test tasks log to. */
export const LOG_GROUP = "/cutover/test";

/** A small emulated account: network, one load balancer with one rule, a cluster. */
export class TestWorld {
  readonly aws: EmulatedAws;
  readonly rehearsed: RehearsalCloudWatch;
  readonly problems: string[] = [];
  readonly folder: string;
  readonly ecs: ECSClient;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
  readonly acm: ACMClient;
  readonly route53: Route53Client;
  readonly secrets: SecretsManagerClient;
  readonly scaling: ApplicationAutoScalingClient;
  readonly logs: CloudWatchLogsClient;
  readonly cloudwatch: CloudWatchClient;
  vpcId = "";
  subnets: string[] = [];
  listenerArn = "";

  private constructor(aws: EmulatedAws, folder: string) {
    this.aws = aws;
    this.rehearsed = RehearsalCloudWatch.start({ aws, patienceMs: 0 }, (events) =>
      events.on("problem", (line) => this.problems.push(line)),
    );
    this.folder = folder;
    const config = {
      endpoint: aws.url,
      region: "us-east-1",
      credentials: { accessKeyId: "TESTER", secretAccessKey: "x" },
      maxAttempts: 1,
    };
    this.ecs = new ECSClient(config);
    this.elb = new ElasticLoadBalancingV2Client(config);
    this.ec2 = new EC2Client(config);
    this.acm = new ACMClient(config);
    this.route53 = new Route53Client(config);
    this.secrets = new SecretsManagerClient(config);
    this.scaling = new ApplicationAutoScalingClient(config);
    this.logs = new CloudWatchLogsClient(config);
    this.cloudwatch = new CloudWatchClient(config);
  }

  /** @param programs what stands behind further images, by repository */
  static async start(programs: Readonly<Record<string, ImageProgram>> = {}): Promise<TestWorld> {
    mkdirSync(".rehearsal", { recursive: true });
    const folder = mkdtempSync(join(process.cwd(), ".rehearsal", "test-"));
    const problems: string[] = [];
    try {
      const aws = await EmulatedAws.start(
        {
          venv: emulatorsVenv(),
          runFolder: folder,
          clock: new RehearsalClock(),
          seed: 7,
          minCheckMs: 100,
          images: {
            "cutover/answering": {
              command: process.execPath,
              args: [join(__dirname, "fixtures/answering-task.cjs")],
              cwd: folder,
            },
            ...programs,
          },
          maxConcurrent: (cpu) => cpu / 64,
        },
        (events) => events.on("problem", (line) => problems.push(line)),
      );
      const world = new TestWorld(aws, folder);
      world.problems.push(...problems);
      aws.on("problem", (line) => world.problems.push(line));
      await world.#account();
      return world;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #account(): Promise<void> {
    const vpc = await this.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
    this.vpcId = vpc.Vpc?.VpcId ?? "";
    for (const [at, zone] of ["us-east-1a", "us-east-1b"].entries()) {
      const made = await this.ec2.send(
        new CreateSubnetCommand({ VpcId: this.vpcId, CidrBlock: `10.0.${at}.0/24`, AvailabilityZone: zone }),
      );
      this.subnets.push(made.Subnet?.SubnetId ?? "");
    }
    await this.logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
    await this.ecs.send(new CreateClusterCommand({ clusterName: "main" }));
    const balancer = await this.elb.send(new CreateLoadBalancerCommand({ Name: "front", Subnets: this.subnets }));
    const listener = await this.elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn,
        Port: 80,
        Protocol: "HTTP",
        DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
      }),
    );
    this.listenerArn = listener.Listeners?.[0]?.ListenerArn ?? "";
  }

  /** A target group with quick checks; `path` = also a rule that forwards this path to it. */
  async targetGroup(name: string, rule?: { path: string; priority: number }): Promise<string> {
    const made = await this.elb.send(
      new CreateTargetGroupCommand({
        Name: name,
        VpcId: this.vpcId,
        Port: 8080,
        Protocol: "HTTP",
        TargetType: "ip",
        HealthCheckPath: "/healthz",
        HealthCheckIntervalSeconds: 6,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 2,
        UnhealthyThresholdCount: 2,
      }),
    );
    const arn = made.TargetGroups?.[0]?.TargetGroupArn ?? "";
    await this.elb.send(
      new ModifyTargetGroupAttributesCommand({
        TargetGroupArn: arn,
        Attributes: [
          { Key: "load_balancing.algorithm.type", Value: "least_outstanding_requests" },
          { Key: "deregistration_delay.timeout_seconds", Value: "5" },
        ],
      }),
    );
    if (rule) {
      await this.elb.send(
        new CreateRuleCommand({
          ListenerArn: this.listenerArn,
          Priority: rule.priority,
          Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: [rule.path] } }],
          Actions: [{ Type: "forward", ForwardConfig: { TargetGroups: [{ TargetGroupArn: arn, Weight: 1 }] } }],
        }),
      );
    }
    return arn;
  }

  /** Registers a task definition of one container and returns its ARN. */
  async taskDefinition(
    family: string,
    container: { image?: string; environment?: Record<string, string>; secrets?: Record<string, string> } = {},
  ): Promise<string> {
    const made = await this.ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        requiresCompatibilities: ["FARGATE"],
        networkMode: "awsvpc",
        cpu: "256",
        memory: "512",
        containerDefinitions: [
          {
            name: "app",
            image: container.image ?? "cutover/answering@sha256:1111",
            portMappings: [{ containerPort: 8080 }],
            stopTimeout: 5,
            logConfiguration: {
              logDriver: "awslogs",
              options: { "awslogs-group": LOG_GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app" },
            },
            environment: Object.entries(container.environment ?? {}).map(([name, value]) => ({ name, value })),
            secrets: Object.entries(container.secrets ?? {}).map(([name, valueFrom]) => ({ name, valueFrom })),
          },
        ],
      }),
    );
    return made.taskDefinition?.taskDefinitionArn ?? "";
  }

  async service(
    serviceName: string,
    taskDefinition: string,
    targetGroups: readonly string[],
    more: Partial<CreateServiceCommandInput> = {},
  ): Promise<void> {
    await this.ecs.send(
      new CreateServiceCommand({
        cluster: "main",
        serviceName,
        taskDefinition,
        desiredCount: 2,
        launchType: "FARGATE",
        networkConfiguration: { awsvpcConfiguration: { subnets: this.subnets, securityGroups: [] } },
        loadBalancers: targetGroups.map((targetGroupArn) => ({
          targetGroupArn,
          containerName: "app",
          containerPort: 8080,
        })),
        ...more,
      }),
    );
  }

  async describe(service: string): Promise<Service> {
    const { services } = await this.ecs.send(new DescribeServicesCommand({ cluster: "main", services: [service] }));
    const found = services?.[0];
    if (!found) throw new Error(`no service ${service}`);
    return found;
  }

  /** The provider's own rule for "steady": one deployment, all running, rollout completed. */
  async steady(service: string, running = 2): Promise<Service> {
    return waitFor(
      async () => {
        const seen = await this.describe(service);
        const [deployment, ...others] = seen.deployments ?? [];
        const done = others.length === 0 && deployment?.rolloutState === "COMPLETED";
        return done && seen.runningCount === running && seen.desiredCount === running && seen;
      },
      { what: `service ${service} to be steady with ${running} tasks`, deadlineMs: 15_000 },
    );
  }

  async healthStates(targetGroupArn: string): Promise<string[]> {
    const answer = await this.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
    return (answer.TargetHealthDescriptions ?? []).map(({ TargetHealth }) => TargetHealth?.State ?? "");
  }

  /** Base URL of the load balancer's HTTP listener. */
  get front(): string {
    return `http://127.0.0.1:${this.aws.loadBalancer.boundPort(80)}`;
  }

  async stop(): Promise<void> {
    await this.rehearsed.stop();
    await this.aws.stop();
    for (const client of [
      this.ecs,
      this.elb,
      this.ec2,
      this.acm,
      this.route53,
      this.secrets,
      this.scaling,
      this.logs,
      this.cloudwatch,
    ])
      client.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
