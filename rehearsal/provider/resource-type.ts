import type { AwsClients } from "./aws-clients";
import type { Bag } from "./bag";
import type { Live, Props } from "./json";
import type { Fields } from "./schema";

/** One look of a wait: done with a value, or not yet, with what was seen. A thrown error ends the wait. */
export type Look<T> = { readonly done: T } | { readonly pending: string };

/** What a handler works with during one call. */
export interface Context {
  readonly aws: AwsClients;
  readonly region: string;
  /** The resource's name in the program; for generated names and messages. */
  readonly name: string;
  /** Where the program lies; relative paths of assets and scripts start here. */
  readonly programDir: string;
  /** What scripts get as their environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  accountId(): Promise<string>;
  /** To be called as soon as AWS has the thing: if anything later fails, the engine still learns the id. */
  created(id: string): void;
  /** Looks every `everyMs` (default 250) until done; fails at the deadline with what was last seen. */
  wait<T>(what: string, look: () => Promise<Look<T>>, everyMs?: number): Promise<T>;
}

/** What an update is about. */
export interface Change {
  /** New inputs, defaults filled in, default tags merged. */
  readonly news: Bag;
  readonly olds: Bag;
  /** Outputs as last seen. */
  readonly state: Bag;
  /** Whether any of these inputs has to change; all have when an earlier create did not finish. */
  changed(...names: string[]): boolean;
  readonly tags: { readonly set: Record<string, string>; readonly remove: string[] };
}

/** How one resource type is served. */
export interface ResourceType {
  readonly inputs: Fields;
  /** Outputs that are no inputs; unknown in the preview of a create. */
  readonly outputs?: readonly string[];
  /** Outputs that an update may change; unknown in its preview. */
  readonly volatile?: readonly string[];
  /** Outputs that change by themselves (a certificate's status): kept as first seen, so that a refresh stays quiet. */
  readonly momentary?: readonly string[];
  /** A replacement can't exist beside the old one. */
  readonly deleteBeforeReplace?: boolean;
  /** What the schema can't say; returns one text per problem. Unknown values are left out of `inputs`. */
  validate?(inputs: Bag): string[];
  /** Makes it and returns its id. Properties have defaults and default tags filled in. */
  create(ctx: Context, inputs: Bag): Promise<string>;
  /** Inputs (whole, AWS's values) and outputs as they are; undefined when it is gone. `known` is what the state has. */
  read(ctx: Context, id: string, known: Bag): Promise<Live | undefined>;
  /**
   * The id that the state keeps, where an import names the resource by another one, such as `subnet-1/rtb-1`; undefined
   * when there is none. Default: as given.
   */
  importedId?(ctx: Context, id: string, known: Bag): Promise<string | undefined>;
  /** Changes it in place; left out when every change is a replacement. */
  update?(ctx: Context, id: string, change: Change): Promise<void>;
  /** Removes it; "not found" counts as done, "still in use" is tried again for a while. */
  delete(ctx: Context, id: string, state: Bag): Promise<void>;
}

/** Type token to handler. */
export type Registry = { readonly [token: string]: ResourceType };
/** A function of a package, such as `aws:index/getRegion:getRegion`. */
export type Invoke = (ctx: Context, args: Bag) => Promise<Props>;
