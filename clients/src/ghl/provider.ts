import {
  type ContextOverrides,
  checkInputs,
  contextFrom,
  createValue,
  deleteValue,
  diffValue,
  readValue,
  type StackConfig,
  updateValue,
} from "./resource";

export type { StackConfig } from "./resource";

type Bag = Readonly<Record<string, unknown>>;

/**
 * The methods of the `GhlValue` dynamic provider, for `Object.assign` on the stub in providers/ghl-value.ts.
 * @param config The stack's configuration as the engine gives it to `configure`.
 * @param overrides For tests.
 */
export function ghlValueProvider(config: StackConfig | undefined, overrides: ContextOverrides = {}) {
  const context = (bag: Bag) => contextFrom(config, String(bag.locationId), overrides);
  return {
    check: async (_olds: Bag, news: Bag) => checkInputs(news),
    diff: async (_id: string, olds: Bag, news: Bag) => diffValue(olds, news),
    create: async (news: Bag) => closing(context(news), (c) => createValue(c, news)),
    read: async (id: string, props: Bag) => ({ id, ...(await closing(context(props), (c) => readValue(c, props))) }),
    update: async (_id: string, olds: Bag, news: Bag) => closing(context(news), (c) => updateValue(c, olds, news)),
    delete: async (_id: string, props: Bag) => closing(context(props), (c) => deleteValue(c, props)),
  };
}

type Context = ReturnType<typeof contextFrom>;

/** Kept connections would hold up the end of the provider's process. */
async function closing<T>(context: Context, run: (context: Context) => Promise<T>): Promise<T> {
  try {
    return await run(context);
  } finally {
    context.client.close();
  }
}
