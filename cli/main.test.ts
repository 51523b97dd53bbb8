import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS, main } from "./main";

const root = join(__dirname, "..");

async function call(...args: string[]) {
  const said = { out: "", err: "" };
  const io = {
    write: (text: string) => {
      said.out += text;
    },
    complain: (text: string) => {
      said.err += text;
    },
    env: {},
  };
  return { code: await main(args, io), ...said };
}

describe("npx cutover", () => {
  it("lists every command in its help", async () => {
    const { code, out, err } = await call("--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const [name, { what }] of Object.entries(COMMANDS))
      expect(out).toMatch(new RegExp(`^ {2}${name} +${what}$`, "m"));
    // A file that exports a command and is not listed could not be called.
    const files = readdirSync(__dirname).filter((file) =>
      /export (async )?function \w+Command\(/.test(readFileSync(join(__dirname, file), "utf8")),
    );
    expect(
      Object.keys(COMMANDS)
        .map((name) => `${name}.ts`)
        .sort(),
    ).toEqual(files.sort());
  });

  it.each([[["next"]], [["status"]], [["rollback"]]])("hands arguments and exit code through: %s", async (args) => {
    const { code, out } = await call(...args);
    expect(code).toBe(2);
    expect(out).toContain("required option '-s, --stack <name>' not specified");
  });

  it("hands them to the commands of another shape, too", async () => {
    expect(await call("migrations")).toMatchObject({
      code: 2,
      out: expect.stringContaining("npx cutover migrations plan"),
    });
    expect(await call("backtest", "--rate", "none")).toMatchObject({
      code: 2,
      out: expect.stringContaining("above 0"),
    });
    expect(await call("explain", join(__dirname, "no-such-file.json"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("can't be read (ENOENT)"),
    });
  });

  it.each([
    [["nxt"], /^error: there is no command "nxt"\n/],
    [[], /^Usage:/],
    [["constructor"], /^error: there is no/],
  ])("complains about %s", async (args, says) => {
    const { code, out, err } = await call(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err).toContain("Commands:");
  });

  it("is what npm finds as this package's own command, without a registry", () => {
    const ran = spawnSync("npm", ["exec", "--offline", "--", "cutover", "status", "--stack", "prod"], {
      cwd: join(root, "docs"),
      encoding: "utf8",
      env: { ...process.env, AWS_REGION: "", AWS_DEFAULT_REGION: "" },
    });
    expect(ran.stdout).toBe("no region: give --region, such as --region eu-central-1, or set AWS_REGION\n");
    expect(ran.status).toBe(2);
  }, 120_000);
});
