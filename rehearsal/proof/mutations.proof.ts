import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/toolchain";
import { broken, copyProject, MUTATIONS, rehearseBroken } from "./mutations";

const root = projectRoot(__dirname);
/** Real ms of the longest of them, on a busy machine. */
const DEADLINE_MS = 600_000;
let folder: string;

beforeAll(() => {
  mkdirSync(join(root, ".rehearsal"), { recursive: true });
  folder = mkdtempSync(join(root, ".rehearsal/mutations-"));
  copyProject(root, folder);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a rehearsal is worth: with the product broken on purpose it turns red, and at the check that is meant for it. */
describe("a deliberate break turns the rehearsal red", () => {
  it.each(MUTATIONS)(
    "$name",
    async (mutation) => {
      const file = join(folder, mutation.file);
      const whole = readFileSync(file, "utf8");
      writeFileSync(file, broken(whole, mutation));
      try {
        const { text, red } = await rehearseBroken(folder, mutation, DEADLINE_MS);
        expect(red, text).toBeDefined();
        console.log(`${mutation.name}: ${red}`);
      } finally {
        writeFileSync(file, whole);
      }
    },
    DEADLINE_MS + 60_000,
  );
});
