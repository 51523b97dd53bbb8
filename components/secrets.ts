import * as secretsmanager from "@pulumi/aws/secretsmanager";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { SecretReference } from "./container-definitions";

export interface SecretsArgs {
  readonly stack: string;
  /** The seven shared variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Error tracking of the Python service. */
  readonly sentryDsn?: string;
}

/**
 * What the applications, the load balancer and GoHighLevel must agree on, in Secrets Manager. References name the
 * version, so that a rotation is a visible change of the task definition.
 */
export class Secrets extends pulumi.ComponentResource {
  /** Random value of x-webhook-secret. */
  readonly webhookSecret: pulumi.Output<string>;
  /** Random value of x-cutover-key, which opens the probe rules. */
  readonly probeKey: pulumi.Output<string>;
  /** Name of the secret that holds the probe key. */
  readonly probeKeySecretName: string;
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
    this.webhookSecret = this.randomHex("webhook-secret");
    this.probeKey = this.randomHex("probe-key");

    const shared = this.store("environment", args.environment);
    const python = this.store("python", {
      WEBHOOK_SECRET: this.webhookSecret,
      ...(args.sentryDsn ? { SENTRY_DSN: args.sentryDsn } : {}),
    });
    this.probeKeySecretName = `cutover/${args.stack}/probe-key`;
    this.store("probe-key", { key: this.probeKey });

    this.forNode = shared.references;
    this.forPython = [...shared.references, ...python.references];
    this.nodeSecretArns = [shared.arn];
    this.pythonSecretArns = [shared.arn, python.arn];
    this.registerOutputs({ probeKeySecretName: this.probeKeySecretName });
  }

  /** Lower-case hexadecimal: header values are compared without case, and `*` and `?` would be wildcards. */
  private randomHex(what: string): pulumi.Output<string> {
    const bytes = new random.RandomBytes(`${this.#name}-${what}`, { length: 24 }, { parent: this });
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
