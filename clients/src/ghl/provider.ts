import { GhlError } from "./errors";
import {
  type ContextOverrides,
  checkInputs,
  contextFrom,
  createValue,
  deleteValue,
  diffValue,
  mentionDrift,
  readValue,
  type StackConfig,
  updateValue,
} from "./resource";

export type { StackConfig } from "./resource";

type Bag = Readonly<Record<string, unknown>>;
type Context = ReturnType<typeof contextFrom>;

/** A look at GHL during a diff must not hold up a preview for long. */
const QUICK = { deadlineMs: 5_000, retry: { attempts: 2 } };

/**
 * The methods of the `GhlValue` dynamic provider, for `Object.assign` on the stub in providers/ghl-value.ts.
 * @param config The stack's configuration as the engine gives it to `configure`. At destroy and refresh that is the
 * configuration of the last up (docs/decisions/0007-ghl-token-at-destroy.md).
 * @param overrides For tests.
 */
export function ghlValueProvider(config: StackConfig | undefined, overrides: ContextOverrides = {}) {
  const context = (bag: Bag) => contextFrom(config, String(bag.locationId), overrides);
  const quick = (bag: Bag) =>
    contextFrom(config, String(bag.locationId), { ...overrides, client: { ...QUICK, ...overrides.client } });
  return {
    check: async (_olds: Bag, news: Bag) => checkInputs(news),
    diff: async (_id: string, olds: Bag, news: Bag) => {
      await closing(
        () => quick(olds),
        (c) => mentionDrift(c, olds),
      );
      return diffValue(olds, news);
    },
    create: async (news: Bag) =>
      closing(
        () => context(news),
        (c) => createValue(c, news),
      ),
    read: async (id: string, props: Bag) => ({
      id,
      ...(await closing(
        () => context(props),
        (c) => readValue(c, props),
      )),
    }),
    update: async (_id: string, olds: Bag, news: Bag) =>
      closing(
        () => context(news),
        (c) => updateValue(c, olds, news),
      ),
    delete: async (_id: string, props: Bag) =>
      closing(
        () => context(props),
        (c) => deleteValue(c, props),
      ),
  };
}

/** Kept connections would hold up the end of the provider's process. */
async function closing<T>(make: () => Context, run: (context: Context) => Promise<T>): Promise<T> {
  let context: Context | undefined;
  try {
    context = make();
    return await run(context);
  } catch (error) {
    throw forPeople(error);
  } finally {
    context?.client.close();
  }
}

/** The plugin prints name and stack of what a method throws beside the message; for a `GhlError` they are only noise. */
function forPeople(error: unknown): unknown {
  return error instanceof GhlError ? Object.assign(new Error(error.message), { name: "", stack: "" }) : error;
}
