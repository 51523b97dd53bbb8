import type { ObjectReader } from "./config-reader";

/** One of the two applications: its container and how much of it runs. */
export interface AppConfig {
  /** Image by digest: `repository@sha256:…`. A tag could change under a running service. */
  readonly image: string;
  /** Port the container listens on; default 8080. */
  readonly port: number;
  /** Path that answers 200 when the application can work; default /healthz. */
  readonly healthPath: string;
  /** CPU units (1024 = one vCPU); default 512. */
  readonly cpu: number;
  /** Memory in MiB; default 1024. */
  readonly memory: number;
  /** Tasks that carry 100 % of the messages at their peak; default 2. */
  readonly tasks: number;
}

const DIGEST_IMAGE = /^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$/;

/** Fields that both applications have. */
export const APP_FIELDS = ["image", "port", "healthPath", "cpu", "memory", "tasks"] as const;

/** MiB of memory Fargate offers for CPU units: least, most, step. Source: AWS, "Fargate task CPU and memory". */
const FARGATE: Readonly<Record<number, readonly [number, number, number]>> = {
  256: [512, 2048, 512],
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16384, 1024],
  4096: [8192, 30720, 1024],
  8192: [16384, 61440, 4096],
  16384: [32768, 122880, 8192],
};

function readSize(object: ObjectReader): Pick<AppConfig, "cpu" | "memory"> {
  const cpu = object.integer("cpu", { min: 256, max: 16384 }, 512);
  const memory = object.integer("memory", { min: 512, max: 122880 }, 1024);
  const offer = FARGATE[cpu];
  if (!offer) {
    object.problem("cpu", `is ${cpu}, Fargate offers ${Object.keys(FARGATE).join(", ")}`, "512");
  } else if (memory < offer[0] || memory > offer[1] || memory % offer[2] !== 0) {
    const [least, most, step] = offer;
    object.problem(
      "memory",
      `is ${memory} MiB, Fargate offers ${least} to ${most} in steps of ${step} for cpu ${cpu}`,
      String(least),
    );
  }
  return { cpu, memory };
}

/** Reads and checks the container of one application. */
export function readApp(object: ObjectReader): AppConfig {
  return {
    image: object.requiredString("image", {
      pattern: DIGEST_IMAGE,
      expected: "an image by digest, repository@sha256: and 64 hexadecimal digits",
      example: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app@sha256:…",
    }),
    port: object.integer("port", { min: 1, max: 65535 }, 8080),
    healthPath:
      object.optionalString("healthPath", {
        pattern: /^\/\S*$/,
        expected: "a path that begins with /",
        example: "/healthz",
      }) ?? "/healthz",
    ...readSize(object),
    tasks: object.integer("tasks", { min: 1, max: 100 }, 2),
  };
}
