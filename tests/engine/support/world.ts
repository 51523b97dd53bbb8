import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EC2 } from "@aws-sdk/client-ec2";
import { ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAM } from "@aws-sdk/client-iam";
import { Route53 } from "@aws-sdk/client-route-53";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { SSM } from "@aws-sdk/client-ssm";
import { Emulators } from "../../../rehearsal/aws/emulators";
import { type ConfigEntry, StackRun } from "../../../rehearsal/engine/stack";
import { ProviderServer } from "../../../rehearsal/provider/server";
import { projectRoot, resolveToolchain } from "../../../tools/toolchain";
import { type Router, startRouter } from "./router";

const REGION = "us-east-1";

/** Emulators behind one endpoint, our provider, and the real engine with one stack of a program under fixtures/. */
export class EngineWorld {
  readonly stack: StackRun;
  readonly router: Router;
  /** For further clients. */
  readonly clientConfig;
  readonly ec2: EC2;
  readonly ecs: ECS;
  readonly elb: ElasticLoadBalancingV2;
  readonly iam: IAM;
  readonly logs: CloudWatchLogs;
  readonly route53: Route53;
  readonly secrets: SecretsManager;
  readonly ssm: SSM;
  readonly #stop: (() => Promise<void> | void)[];

  private constructor(stack: StackRun, router: Router, stop: (() => Promise<void> | void)[]) {
    const config = {
      endpoint: router.url,
      forcePathStyle: true,
      region: REGION,
      credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
    };
    this.clientConfig = config;
    this.stack = stack;
    this.router = router;
    this.ec2 = new EC2(config);
    this.ecs = new ECS(config);
    this.elb = new ElasticLoadBalancingV2(config);
    this.iam = new IAM(config);
    this.logs = new CloudWatchLogs(config);
    this.route53 = new Route53(config);
    this.secrets = new SecretsManager(config);
    this.ssm = new SSM(config);
    this.#stop = stop;
  }

  /** @param program Folder under fixtures/; with a clock (`CUTOVER_CLOCK`) the program's process keeps rehearsal time. */
  static async start(
    program: string | { readonly fixture: string; readonly clock: string },
    ...settings: ConfigEntry[]
  ): Promise<EngineWorld> {
    const { fixture, ...more } = typeof program === "string" ? { fixture: program } : program;
    const root = projectRoot();
    // `make test` sets both; otherwise they are what `make setup` installed. Missing tools fail, they skip nothing.
    const venv = process.env.CUTOVER_EMULATORS_VENV ?? dirname(dirname(resolveToolchain(root).emulatorsPython));
    const pulumi = process.env.CUTOVER_PULUMI_BIN ?? resolveToolchain(root).pulumiBinDir;
    mkdirSync(join(root, ".rehearsal"), { recursive: true });
    const runFolder = mkdtempSync(join(root, ".rehearsal/provider-test-"));
    const stop: (() => Promise<void> | void)[] = [() => rmSync(runFolder, { recursive: true, force: true })];
    try {
      const emulators = new Emulators({ venv, runFolder, gatewayUrl: "http://127.0.0.1:9" });
      stop.unshift(() => emulators.stop());
      const router = await startRouter(await emulators.start());
      stop.unshift(() => router.close());
      const provider = new ProviderServer({ endpoint: router.url, region: REGION, waitDeadlineMs: 30_000 });
      stop.unshift(() => provider.stop());
      const { debugProviders } = await provider.start();
      const stack = new StackRun({
        runFolder,
        stack: "test",
        path: [...pulumi.split(delimiter), join(root, "node_modules/@pulumi/pulumi/dist"), dirname(process.execPath)],
        awsEndpoint: router.url,
        debugProviders,
        project: join(root, "tests/engine/fixtures", fixture),
        logFile: join(runFolder, "pulumi.log"),
        deadlineMs: 120_000,
        ...more,
      });
      await stack.init();
      await stack.configSet(...settings);
      return new EngineWorld(stack, router, stop);
    } catch (error) {
      for (const end of stop) await end();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const client of [this.ec2, this.ecs, this.elb, this.iam, this.logs, this.route53, this.secrets, this.ssm]) {
      client.destroy();
    }
    for (const end of this.#stop) await end();
  }

  /** A deleted cluster is listed for a while, as inactive. */
  private async activeClusters(): Promise<string[]> {
    const { clusterArns } = await this.ecs.listClusters({});
    const { clusters } = await this.ecs.describeClusters({ clusters: clusterArns ?? [] });
    return (clusters ?? []).filter((one) => one.status === "ACTIVE").map((one) => one.clusterName ?? "?");
  }

  /** Everything in the emulators that a stack may leave behind, by kind. */
  async inventory(): Promise<Record<string, string[]>> {
    const [vpcs, balancers, groups, roles, logs, secrets, parameters, clusters, addresses] = await Promise.all([
      this.ec2.describeVpcs({}),
      this.elb.describeLoadBalancers({}),
      this.elb.describeTargetGroups({}),
      this.iam.listRoles({}),
      this.logs.describeLogGroups({}),
      this.secrets.listSecrets({}),
      this.ssm.describeParameters({}),
      this.activeClusters(),
      this.ec2.describeAddresses({}),
    ]);
    const ids = (list: (string | undefined)[] | undefined) => (list ?? []).map((one) => one ?? "?");
    return {
      vpcs: ids(vpcs.Vpcs?.filter((one) => !one.IsDefault).map((one) => one.VpcId)),
      balancers: ids(balancers.LoadBalancers?.map((one) => one.LoadBalancerName)),
      groups: ids(groups.TargetGroups?.map((one) => one.TargetGroupName)),
      roles: ids(roles.Roles?.map((one) => one.RoleName)),
      logs: ids(logs.logGroups?.map((one) => one.logGroupName)),
      secrets: ids(secrets.SecretList?.map((one) => one.Name)),
      parameters: ids(parameters.Parameters?.map((one) => one.Name)),
      clusters,
      addresses: ids(addresses.Addresses?.map((one) => one.AllocationId)),
    };
  }
}
