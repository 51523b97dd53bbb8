import type { Json, JsonObject } from "./reality";

/** Members of an ECS service that the emulator forgets on create; AWS keeps and shows them. */
const KEPT = [
  "deploymentConfiguration",
  "healthCheckGracePeriodSeconds",
  "enableExecuteCommand",
  "enableECSManagedTags",
  "propagateTags",
  "capacityProviderStrategy",
  "availabilityZoneRebalancing",
  "networkConfiguration",
  "platformVersion",
] as const;

const DEFAULTS: JsonObject = {
  deploymentConfiguration: {
    deploymentCircuitBreaker: { enable: false, rollback: false },
    maximumPercent: 200,
    minimumHealthyPercent: 100,
  },
  healthCheckGracePeriodSeconds: 0,
  enableExecuteCommand: false,
  enableECSManagedTags: false,
  propagateTags: "NONE",
};

/** Remembers by service ARN what CreateService and UpdateService were given. */
export class ServiceExtras {
  readonly #byArn = new Map<string, Record<string, Json>>();

  /** A service was created: forgets what an earlier one of the same name had. */
  create(serviceArn: string, request: JsonObject): void {
    this.#byArn.delete(serviceArn);
    this.update(serviceArn, request);
  }

  update(serviceArn: string, request: JsonObject): void {
    const kept = { ...this.#byArn.get(serviceArn) };
    for (const name of KEPT) {
      const value = request[name];
      if (value === undefined || value === null) continue;
      kept[name] = name === "deploymentConfiguration" ? merged(kept[name] ?? DEFAULTS[name], value) : value;
    }
    this.#byArn.set(serviceArn, kept);
  }

  /** What was given, over AWS's defaults. */
  of(serviceArn: string): JsonObject {
    return { ...DEFAULTS, ...this.#byArn.get(serviceArn) };
  }
}

const merged = (before: Json | undefined, after: Json): Json =>
  ({ ...(before as JsonObject), ...(after as JsonObject) }) as Json;
