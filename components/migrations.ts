import * as pulumi from "@pulumi/pulumi";
import { migrationFiles, SupabaseMigrations } from "../providers/migrations";

export interface MigrationsArgs {
  /** Whether `contract` migrations, which remove what Node needs, may run. */
  readonly contract: boolean;
  /** On the way back to Node a database that can't be asked must not stand in the way. */
  readonly mayWait: boolean;
  /** The program has refused the migrations, which only a preview outlives: it is to show the rest. @default false */
  readonly refused?: boolean;
  /** Version of the one file that may run although a newer one is applied; `cutover:database.allowOutOfOrder`. @default none */
  readonly allowOutOfOrder?: string | undefined;
}

export interface MigrationSummary {
  /** Files that are in force, oldest first. */
  readonly applied: string[];
  /** How many of them the last update that had something to do applied. */
  readonly appliedNow: number;
}

/** The files of `migrations/` applied to the Supabase project, before anything that needs them starts. */
export class Migrations extends pulumi.ComponentResource {
  readonly summary: pulumi.Output<MigrationSummary>;

  constructor(name: string, args: MigrationsArgs, opts?: pulumi.ComponentResourceOptions) {
    // No inputs: that contracts may run now is no change where none waits.
    super("cutover:index:Migrations", name, {}, opts);
    const { applied, appliedNow } = new SupabaseMigrations(
      `${name}-supabase`,
      {
        files: migrationFiles(),
        phaseAllowsContract: args.contract,
        mayWait: args.mayWait,
        ...(args.refused ? { refused: true } : {}),
        allowOutOfOrder: args.allowOutOfOrder,
      },
      { parent: this },
    );
    this.summary = pulumi.all([applied, appliedNow]).apply(([files, now]) => ({ applied: files, appliedNow: now }));
    this.registerOutputs({ summary: this.summary });
  }
}
