import type * as pulumi from "@pulumi/pulumi";

/** An environment variable whose value ECS reads from Secrets Manager when a task starts. */
export interface SecretReference {
  readonly name: string;
  /** `<secret ARN>:<JSON key>::<version id>`. */
  readonly valueFrom: pulumi.Input<string>;
}

export interface ContainerInput {
  readonly name: string;
  readonly image: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly logGroup: string;
  readonly region: string;
  /** Non-root on a read-only root with a writable /tmp. */
  readonly hardened: boolean;
  /** Seconds between SIGTERM and SIGKILL; Fargate allows 120. */
  readonly stopTimeout: number;
}

/** User id of the unprivileged user that images of Python bring (docs/app-contract.md). */
const UNPRIVILEGED = "10001:10001";

/**
 * ECS's container definitions in the form in which AWS gives them back: sorted by name and with defaults spelt out, so
 * that an unchanged container is an unchanged text and not a new deployment.
 */
export function containerDefinitions(input: ContainerInput): string {
  const definition = {
    name: input.name,
    image: input.image,
    essential: true,
    portMappings: [{ containerPort: input.port, hostPort: input.port, protocol: "tcp" }],
    environment: Object.entries(input.environment)
      .map(([name, value]) => ({ name, value }))
      .sort(byName),
    secrets: input.secrets.map(({ name, valueFrom }) => ({ name, valueFrom })).sort(byName),
    ...(input.hardened
      ? {
          readonlyRootFilesystem: true,
          user: UNPRIVILEGED,
          mountPoints: [{ sourceVolume: "tmp", containerPath: "/tmp", readOnly: false }],
        }
      : {}),
    stopTimeout: input.stopTimeout,
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": input.logGroup,
        "awslogs-region": input.region,
        "awslogs-stream-prefix": input.name,
      },
    },
  };
  return JSON.stringify([definition]);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
