import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS_PROVIDER_VERSION, migrationFiles, SupabaseMigrations } from "./migrations";

describe("the SupabaseMigrations stub", () => {
  const seen: { type: string; name: string; inputs: Readonly<Record<string, unknown>> }[] = [];
  const files = [{ file: "1_a.sql", sha256: "abc" }];

  beforeAll(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: (args) => {
          seen.push({ type: args.type, name: args.name, inputs: args.inputs });
          return { id: "id-1", state: args.inputs };
        },
        call: () => ({}),
      },
      "cutover",
      "test",
    );
    pulumi.runtime.setAllConfig({ "cutover:database": JSON.stringify({ url: "postgresql://u:pl4nted@h/d" }) }, [
      "cutover:database",
    ]);
    new SupabaseMigrations("migrations", { files, phaseAllowsContract: false });
    await pulumi.runtime.disconnect();
  });

  const text = (): string => {
    const provider = seen[0]?.inputs.__provider;
    if (typeof provider !== "string") throw new Error("no provider text was registered");
    return provider;
  };

  it("has a type token of its own and says exactly what it is given", () => {
    const { __provider, ...inputs } = seen[0]?.inputs ?? {};
    expect({ ...seen[0], inputs }).toEqual({
      type: "pulumi-nodejs:dynamic/cutover:SupabaseMigrations",
      name: "migrations",
      inputs: { files, phaseAllowsContract: false, providerVersion: MIGRATIONS_PROVIDER_VERSION },
    });
  });

  it("is stored as a short text that loads today's code and holds nothing else", () => {
    expect(text().length).toBeLessThan(700);
    expect([...text().matchAll(/require\(([^)]*)\)/g)].map((m) => m[1])).toEqual([
      '"@cutover/clients/postgres/provider"',
    ]);
    expect(text()).not.toMatch(/pl4nted|postgresql:/);
  });

  it("works when loaded from its text: configure brings the methods", async () => {
    const module = { exports: {} as { handler?: () => Record<string, unknown> } };
    new Function("exports", "require", text())(module.exports, () => ({
      migrationsProvider: (config: unknown) => ({ create: () => config }),
    }));
    const provider = module.exports.handler?.() ?? {};
    const { configure } = provider;
    if (typeof configure !== "function") throw new Error("no configure");
    const done = configure.call(provider, { config: "the stack's configuration" });
    if (typeof provider.create !== "function") throw new Error("no create before the promise settles");
    expect(provider.create()).toBe("the stack's configuration");
    await done;
  });

  it("lists the files of migrations/ with their checksums, oldest first", () => {
    const listed = migrationFiles();
    expect(listed.map((ref) => ref.file)).toEqual(listed.map((ref) => ref.file).toSorted());
    expect(listed.length).toBeGreaterThanOrEqual(6);
    for (const ref of listed) expect(ref.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});
