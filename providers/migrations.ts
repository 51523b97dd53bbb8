import type * as Folder from "@cutover/clients/postgres/folder";
import type * as Methods from "@cutover/clients/postgres/provider";
import type { StackConfig } from "@cutover/clients/postgres/provider";
import type { FileRef } from "@cutover/domain/migrations/identity";
import * as pulumi from "@pulumi/pulumi";

/**
 * The text of this object is kept in Pulumi's state, so it is only glue: `configure` (which the engine calls first, once a
 * process) adds the methods from the code as it is now. Nothing but types may be imported from our own packages here.
 */
const provider = {
  // Done when it returns: the engine may use the provider before the promise settles.
  async configure(request: { readonly config: StackConfig }): Promise<void> {
    const { migrationsProvider } = require("@cutover/clients/postgres/provider") as typeof Methods;
    Object.assign(this, migrationsProvider(request.config));
  },
} as unknown as pulumi.dynamic.ResourceProvider;

/** Noted in the database's history with each file; a change of it makes the next up look again. */
export const MIGRATIONS_PROVIDER_VERSION = "1";

export interface SupabaseMigrationsArgs {
  /** All migrations there are, oldest first; see `migrationFiles`. */
  readonly files: readonly FileRef[];
  /** Whether `contract` migrations may run: true from `decommission` on. */
  readonly phaseAllowsContract: boolean;
  /** Version of the one file that may run although a newer one is applied. @default none */
  readonly allowOutOfOrder?: string | undefined;
  /** Whether a database that can't be asked holds nothing up: on the way down, and where nothing rises. @default false */
  readonly mayWait?: boolean | undefined;
  /** The program has refused the migrations and said why; it ends an update by itself. @default false */
  readonly refused?: boolean | undefined;
}

/**
 * The database migrations of `migrations/`, applied to the Supabase project of `cutover:database`. Type token
 * `pulumi-nodejs:dynamic/cutover:SupabaseMigrations`. A preview asks the database what is pending; an up applies it;
 * destroy touches no data.
 */
export class SupabaseMigrations extends pulumi.dynamic.Resource {
  /** File names of all applied migrations, in order. */
  declare readonly applied: pulumi.Output<string[]>;
  /** How many files the last up that had something to do applied. */
  declare readonly appliedNow: pulumi.Output<number>;
  /** How many were applied before it. */
  declare readonly alreadyApplied: pulumi.Output<number>;
  /** How many of `appliedNow` needed no statement, because all of it was there. */
  declare readonly skipped: pulumi.Output<number>;

  constructor(name: string, args: SupabaseMigrationsArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { applied: undefined, appliedNow: undefined, alreadyApplied: undefined, skipped: undefined };
    const inputs = {
      files: args.files.map(({ file, sha256 }) => ({ file, sha256 })),
      phaseAllowsContract: args.phaseAllowsContract,
      providerVersion: MIGRATIONS_PROVIDER_VERSION,
      allowOutOfOrder: args.allowOutOfOrder,
      mayWait: args.mayWait,
      refused: args.refused,
    };
    super(provider, name, { ...outputs, ...inputs }, opts, "cutover", "SupabaseMigrations");
  }
}

/** Names and checksums of the files in migrations/, read when the program runs. @throws when the folder can't be read */
export function migrationFiles(): FileRef[] {
  const { listMigrations } = require("@cutover/clients/postgres/folder") as typeof Folder;
  return listMigrations();
}
