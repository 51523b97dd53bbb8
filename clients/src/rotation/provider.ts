import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { refuseRotation, type SecretInUse, type WebhookSecretConfig } from "@cutover/domain/secret-rotation";
import { clockFrom } from "../clock";

/** Inputs of the `SecretRotation` resource. */
export interface RotationInputs extends WebhookSecretConfig {
  /** Name of the SSM parameter that says which generation GoHighLevel has; written after it was seen there. */
  readonly parameter: string;
  readonly aws: AwsPlace;
}

export interface RotationParts {
  readonly ssm?: Pick<SSMClient, "send">;
  /** Real milliseconds since the epoch. */
  readonly now?: () => number;
}

type Bag = Readonly<Record<string, unknown>>;

/**
 * The methods of the `SecretRotation` dynamic provider: a fence in front of every holder of the webhook secret. It lets a
 * change through only if what GoHighLevel sends stays accepted. Reads SSM only when the generations change.
 */
export function secretRotationProvider(parts: RotationParts = {}) {
  return {
    async check(olds: Bag, news: Bag) {
      const wanted = news as unknown as RotationInputs;
      const before = typeof olds.generation === "number" ? (olds as unknown as RotationInputs) : undefined;
      if (!before || same(before, wanted)) return { inputs: news, failures: [] };
      const reason = await readInUse(wanted, parts).then(
        (inUse) => refuseRotation(wanted, before, inUse),
        (error: Error) => error.message,
      );
      return { inputs: news, failures: reason === undefined ? [] : [{ property: "generation", reason }] };
    },
    async diff(_id: string, olds: Bag, news: Bag) {
      return { changes: !same(olds as unknown as RotationInputs, news as unknown as RotationInputs) };
    },
    create: async (news: Bag) => ({ id: "webhook-secret", outs: inputsOf(news) }),
    update: async (_id: string, _olds: Bag, news: Bag) => ({ outs: inputsOf(news) }),
    delete: async () => {},
  };
}

function same(a: RotationInputs, b: RotationInputs): boolean {
  return a.generation === b.generation && a.retired === b.retired;
}

/** What GoHighLevel was last given; undefined before it was given anything. Any other failure is thrown. */
async function readInUse(inputs: RotationInputs, parts: RotationParts): Promise<SecretInUse | undefined> {
  const ssm = parts.ssm ?? new SSMClient(inputs.aws);
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: inputs.parameter }));
    const { generation } = JSON.parse(Parameter?.Value ?? "{}") as { generation?: unknown };
    if (typeof generation !== "number") throw new Error("it holds no generation");
    const age = (parts.now ?? Date.now)() - (Parameter?.LastModifiedDate?.getTime() ?? Number.NaN);
    // The parameter's date is real time everywhere; a rehearsal's hour passes faster.
    return { generation, forMs: Number.isFinite(age) ? age / clockFrom(process.env).realSpan(1) : 0 };
  } catch (error) {
    if (error instanceof Error && error.name === "ParameterNotFound") return undefined;
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new Error(
      `Could not read which webhook secret GoHighLevel sends (SSM parameter ${inputs.parameter}: ${why}); the secret is not rotated on a guess.`,
    );
  }
}

/** Only what the program gave; the bag also holds the engine's own keys. */
function inputsOf(bag: Bag): RotationInputs {
  const { generation, retired, parameter, aws } = bag as unknown as RotationInputs;
  return { generation, retired, parameter, aws };
}
