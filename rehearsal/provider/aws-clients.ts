import { createRequire } from "node:module";

// One client is loaded when it is first used: loading all of them takes seconds.
const load = createRequire(__filename);

export interface AwsTarget {
  /** Every call goes to this address. */
  readonly endpoint: string;
  readonly region: string;
}

/** The AWS clients of one endpoint, made on first use. Credentials are made up: emulators don't check them. */
export class AwsClients {
  readonly #made = new Map<string, { destroy(): void }>();
  readonly #config;

  constructor(target: AwsTarget) {
    this.#config = {
      endpoint: target.endpoint,
      region: target.region,
      credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 2000, requestTimeout: 30_000 },
    };
  }

  get acm() {
    return this.#once("acm", (m: typeof import("@aws-sdk/client-acm")) => new m.ACM(this.#config));
  }
  get autoScaling() {
    type M = typeof import("@aws-sdk/client-application-auto-scaling");
    return this.#once("application-auto-scaling", (m: M) => new m.ApplicationAutoScaling(this.#config));
  }
  get cloudwatch() {
    return this.#once("cloudwatch", (m: typeof import("@aws-sdk/client-cloudwatch")) => new m.CloudWatch(this.#config));
  }
  get logs() {
    type M = typeof import("@aws-sdk/client-cloudwatch-logs");
    return this.#once("cloudwatch-logs", (m: M) => new m.CloudWatchLogs(this.#config));
  }
  get ec2() {
    return this.#once("ec2", (m: typeof import("@aws-sdk/client-ec2")) => new m.EC2(this.#config));
  }
  get ecs() {
    return this.#once("ecs", (m: typeof import("@aws-sdk/client-ecs")) => new m.ECS(this.#config));
  }
  get elb() {
    type M = typeof import("@aws-sdk/client-elastic-load-balancing-v2");
    return this.#once("elastic-load-balancing-v2", (m: M) => new m.ElasticLoadBalancingV2(this.#config));
  }
  get events() {
    return this.#once(
      "eventbridge",
      (m: typeof import("@aws-sdk/client-eventbridge")) => new m.EventBridge(this.#config),
    );
  }
  get iam() {
    return this.#once("iam", (m: typeof import("@aws-sdk/client-iam")) => new m.IAM(this.#config));
  }
  get lambda() {
    return this.#once("lambda", (m: typeof import("@aws-sdk/client-lambda")) => new m.Lambda(this.#config));
  }
  get route53() {
    return this.#once("route-53", (m: typeof import("@aws-sdk/client-route-53")) => new m.Route53(this.#config));
  }
  get s3() {
    type M = typeof import("@aws-sdk/client-s3");
    return this.#once("s3", (m: M) => new m.S3({ ...this.#config, forcePathStyle: true }));
  }
  get scheduler() {
    return this.#once("scheduler", (m: typeof import("@aws-sdk/client-scheduler")) => new m.Scheduler(this.#config));
  }
  get secrets() {
    type M = typeof import("@aws-sdk/client-secrets-manager");
    return this.#once("secrets-manager", (m: M) => new m.SecretsManager(this.#config));
  }
  get sns() {
    return this.#once("sns", (m: typeof import("@aws-sdk/client-sns")) => new m.SNS(this.#config));
  }
  get sqs() {
    type M = typeof import("@aws-sdk/client-sqs");
    return this.#once("sqs", (m: M) => new m.SQS({ ...this.#config, useQueueUrlAsEndpoint: false }));
  }
  get ssm() {
    return this.#once("ssm", (m: typeof import("@aws-sdk/client-ssm")) => new m.SSM(this.#config));
  }
  get sts() {
    return this.#once("sts", (m: typeof import("@aws-sdk/client-sts")) => new m.STS(this.#config));
  }

  /** Closes the connections. */
  destroy(): void {
    for (const client of this.#made.values()) client.destroy();
    this.#made.clear();
  }

  #once<M, C extends { destroy(): void }>(name: string, make: (module: M) => C): C {
    const ready = this.#made.get(name);
    if (ready) return ready as C;
    const client = make(load(`@aws-sdk/client-${name}`) as M);
    this.#made.set(name, client);
    return client;
  }
}
