import type { AwsPlace } from "@cutover/domain/aws-place";
import { acceptedGenerations, type WebhookSecretConfig, webhookSecretPath } from "@cutover/domain/secret-rotation";
import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { SecretRotation } from "../providers/secret-rotation";
import type { SecretReference } from "./container-definitions";

export interface SecretsArgs {
  readonly stack: string;
  /** The seven shared variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Error tracking of the Python service. */
  readonly sentryDsn?: string;
  /** Which values of the webhook secret are accepted. */
  readonly webhookSecret: WebhookSecretConfig;
  readonly aws: AwsPlace;
}

/**
 * What the applications, the load balancer and GoHighLevel must agree on, in Secrets Manager. References name the
 * version, so that a rotation is a visible change of the task definition.
 */
export class Secrets extends pulumi.ComponentResource {
  /** Random value of x-webhook-secret: the newest generation, which GoHighLevel is given. */
  readonly webhookSecret: pulumi.Output<string>;
  /** All values that are accepted, newest first: two during a rotation. */
  readonly acceptedWebhookSecrets: pulumi.Output<string>[];
  /**
   * The oldest value that is accepted, for probes: Python's tasks from before a step of a rotation and those after it both
   * take it, so no probe fails while they change over.
   */
  readonly probeWebhookSecret: pulumi.Output<string>;
  /** Name of the secret that holds `WEBHOOK_SECRET`, for a person who puts it into a workflow step by hand. */
  readonly pythonSecretName: string;
  /** Random value of x-cutover-key, which opens the probe rules. */
  readonly probeKey: pulumi.Output<string>;
  /** Name of the secret that holds the probe key. */
  readonly probeKeySecretName: string;
  readonly probeKeySecretArn: pulumi.Output<string>;
  readonly forNode: readonly SecretReference[];
  readonly forPython: readonly SecretReference[];
  /** ARNs a task's execution role may read. */
  readonly nodeSecretArns: pulumi.Output<string>[];
  readonly pythonSecretArns: pulumi.Output<string>[];

  readonly #name: string;
  readonly #stack: string;

  constructor(name: string, args: SecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Secrets", name, { stack: args.stack }, opts);
    this.#name = name;
    this.#stack = args.stack;
    this.acceptedWebhookSecrets = this.makeWebhookSecrets(args);
    const [current, previous] = this.acceptedWebhookSecrets;
    if (!current) throw new RangeError("no generation of the webhook secret is accepted");
    this.webhookSecret = current;
    this.probeWebhookSecret = previous ?? current;
    this.probeKey = this.randomHex("probe-key");

    const shared = this.store("environment", args.environment);
    const python = this.store("python", {
      WEBHOOK_SECRET: current,
      ...(previous ? { WEBHOOK_SECRET_PREVIOUS: previous } : {}),
      ...(args.sentryDsn ? { SENTRY_DSN: args.sentryDsn } : {}),
    });
    this.pythonSecretName = `cutover/${args.stack}/python`;
    this.probeKeySecretName = `cutover/${args.stack}/probe-key`;
    this.probeKeySecretArn = this.store("probe-key", { key: this.probeKey }).arn;

    this.forNode = shared.references;
    this.forPython = [...shared.references, ...python.references];
    this.nodeSecretArns = [shared.arn];
    this.pythonSecretArns = [shared.arn, python.arn];
    this.registerOutputs({ probeKeySecretName: this.probeKeySecretName });
  }

  /** Behind the fence that refuses a rotation which would lose messages: everything that holds a value waits for it. */
  private makeWebhookSecrets({ stack, webhookSecret, aws }: SecretsArgs): pulumi.Output<string>[] {
    const rotation = new SecretRotation(
      `${this.#name}-rotation`,
      { ...webhookSecret, parameter: webhookSecretPath(stack), aws },
      { parent: this },
    );
    const name = (generation: number) => (generation === 1 ? "webhook-secret" : `webhook-secret-${generation}`);
    return acceptedGenerations(webhookSecret).map((generation) => this.randomHex(name(generation), [rotation]));
  }

  /** Lower-case hexadecimal: header values are compared without case, and `*` and `?` would be wildcards. */
  private randomHex(what: string, dependsOn: pulumi.Resource[] = []): pulumi.Output<string> {
    const bytes = new random.RandomBytes(`${this.#name}-${what}`, { length: 24 }, { parent: this, dependsOn });
    return pulumi.secret(bytes.hex);
  }

  private store(
    what: string,
    values: Readonly<Record<string, pulumi.Input<string>>>,
  ): { arn: pulumi.Output<string>; references: SecretReference[] } {
    const secret = new secretsmanager.Secret(
      `${this.#name}-${what}`,
      // A copy of what the stack's configuration and state hold: nothing is lost when it goes at once.
      { name: `cutover/${this.#stack}/${what}`, recoveryWindowInDays: 0 },
      { parent: this },
    );
    const version = new secretsmanager.SecretVersion(
      `${this.#name}-${what}`,
      { secretId: secret.id, secretString: pulumi.secret(pulumi.jsonStringify(values)) },
      { parent: this },
    );
    const references = Object.keys(values).map((name) => ({
      name,
      valueFrom: pulumi.interpolate`${secret.arn}:${name}::${version.versionId}`,
    }));
    return { arn: secret.arn, references };
  }
}
