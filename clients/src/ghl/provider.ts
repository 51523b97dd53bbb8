import { HOW_TO_LOSE } from "@cutover/domain/webhook";
import { type ContextOverrides, contextFrom, losesTraffic, type StackConfig } from "./context";
import { GhlError } from "./errors";
import { mentionDrift } from "./look";
import { checkInputs, createValue, deleteValue, diffValue, readValue, updateValue } from "./resource";

export type { StackConfig } from "./context";

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
  const say = overrides.say ?? ((sentence: string) => console.error(sentence));
  const quick = (bag: Bag) =>
    contextFrom(config, String(bag.locationId), { ...overrides, client: { ...QUICK, ...overrides.client } });
  return {
    check: async (_olds: Bag, news: Bag) => checkInputs(news),
    diff: async (_id: string, olds: Bag, news: Bag) => {
      await closing(
        () => quick(olds),
        (c) => mentionDrift(c, olds, news),
      );
      return diffValue(olds, news);
    },
    create: async (news: Bag) =>
      keepingCode(news, () =>
        closing(
          () => context(news),
          (c) => createValue(c, news),
        ),
      ),
    read: async (id: string, props: Bag) => ({
      id,
      ...(await closing(
        () => context(props),
        (c) => readValue(c, props),
      )),
    }),
    update: async (_id: string, olds: Bag, news: Bag) =>
      keepingCode(news, () =>
        closing(
          () => context(news),
          (c) => updateValue(c, olds, news),
        ),
      ),
    delete: async (_id: string, props: Bag) =>
      closing(
        () => context(props),
        (c) => deleteValue(c, props),
        (error) => {
          if (!losesTraffic(config) && props.loseTraffic !== true) throw withWayOut(error);
          say(
            `GHL custom value "${String(props.name)}" is left as it is because of cutover:destroy lose-traffic: ${error.message}`,
          );
        },
      ),
  };
}

/** Key under which the engine keeps the provider's text; `read` and `delete` run the text from the state. */
const CODE = "__provider";

/** To results the engine adds the text itself, to the properties of a failure not: the next refresh or destroy would have none. */
async function keepingCode<T>(news: Bag, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const failed = error as { properties?: Bag };
    if (failed.properties) failed.properties = { ...failed.properties, [CODE]: news[CODE] };
    throw error;
  }
}

/** Kept connections would hold up the end of the provider's process. */
async function closing<T>(
  make: () => Context,
  run: (context: Context) => Promise<T>,
  onGhlError?: (error: GhlError) => T,
): Promise<T> {
  let context: Context | undefined;
  try {
    context = make();
    return await run(context);
  } catch (error) {
    if (!(error instanceof GhlError)) throw error;
    if (onGhlError) return onGhlError(error);
    throw forPeople(error);
  } finally {
    context?.client.close();
  }
}

/** The plugin prints name and stack of what a method throws beside the message; for a `GhlError` they are only noise. */
function forPeople(error: { readonly message: string }): Error {
  return Object.assign(new Error(error.message), { name: "", stack: "" });
}

/** A destroy that GHL itself stands in the way of can be forced; a conflict's sentence says what it needs. */
function withWayOut(error: GhlError): Error {
  const forced = error.failure === "conflict" ? "" : ` ${HOW_TO_LOSE}`;
  return forPeople({ message: `${error.message}${forced}` });
}
