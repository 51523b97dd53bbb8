import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/toolchain";
import { broken, copyProject, MUTATIONS, type Mutation, rehearseBroken, STOPPED, UNJUDGED } from "./mutations";

const root = projectRoot(__dirname);
/** Real ms of the longest of them, on a busy machine. */
const DEADLINE_MS = 600_000;
/** Letters of a failed update that are looked at. */
const SAID = 2000;
let folder: string;

beforeAll(() => {
  mkdirSync(join(root, ".rehearsal"), { recursive: true });
  folder = mkdtempSync(join(root, ".rehearsal/mutations-"));
  copyProject(root, folder);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a rehearsal is worth: with the product broken on purpose it turns red, and at the check that is meant for it. */
describe("a deliberate break turns the rehearsal red", { timeout: DEADLINE_MS + 60_000 }, () => {
  it.each(MUTATIONS.filter(({ policy }) => policy))("$name: policy $policy stops the update", async (mutation) => {
    await withBroken([mutation], async () => {
      const { text } = await rehearseBroken(folder, { play: mutation.play, check: STOPPED }, DEADLINE_MS);
      const said = text.slice(text.indexOf(`✗ ${STOPPED}`)).slice(0, SAID);
      expect(said).toMatch(new RegExp(`\\[mandatory\\].*  ${mutation.policy}  `));
    });
  });

  it.each(MUTATIONS)("$name: the check that is meant for it", async (mutation) => {
    await withBroken([UNJUDGED, mutation], async () => {
      const { text, red } = await rehearseBroken(folder, mutation, DEADLINE_MS);
      expect(red, text).toBeDefined();
      console.log(`${mutation.name}: ${red}`);
    });
  });
});

/** With these breaks in the copy, which is whole again afterwards. */
async function withBroken(
  breaks: readonly Pick<Mutation, "name" | "file" | "breaks">[],
  play: () => Promise<void>,
): Promise<void> {
  const whole = breaks.map(({ file }) => ({
    path: join(folder, file),
    text: readFileSync(join(folder, file), "utf8"),
  }));
  for (const [i, one] of breaks.entries()) writeFileSync(whole[i]?.path ?? "", broken(whole[i]?.text ?? "", one));
  try {
    await play();
  } finally {
    for (const { path, text } of whole) writeFileSync(path, text);
  }
}
