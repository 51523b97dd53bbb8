import type { Applied } from "@cutover/domain/decide";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GhlStandIn, TOKENS } from "../rehearsal/ghl/server";
import { statusCommand } from "./status";
import { collect, documentedScreens, type FakeWorld, fakeClients, GOOD, MANIFEST, ROLLBACK } from "./testkit";

const VALUE = "Cutover Webhook URL";
const QUERY = "pl4nted-query";
const FRONT_DOOR = `https://messages.example.com/webhooks/ghl?key=${QUERY}`;
const NODE = `https://node.example.com/hook?key=${QUERY}`;
const ELSEWHERE = `https://elsewhere.example.com/by-hand?key=${QUERY}`;

describe("where GoHighLevel points, as cutover status says it", () => {
  const ghl = new GhlStandIn();
  beforeAll(async () => {
    await ghl.start();
    ghl.seed(VALUE, FRONT_DOOR);
  });
  afterAll(() => ghl.stop());

  async function status(
    holds: string,
    { env = {}, json = false, world = {} as Partial<FakeWorld>, manifest = {} } = {},
  ) {
    ghl.editByHand(VALUE, holds);
    const parameters = {
      "/cutover/prod/manifest": JSON.stringify({
        ...MANIFEST,
        ghl: { ...MANIFEST.ghl, baseUrl: ghl.url },
        ...manifest,
      }),
      ...world.parameters,
    };
    const { io, text } = collect();
    const asking = { ...io, env: { ...io.env, CUTOVER_GHL_TOKEN: TOKENS.readonly, ...env } };
    const args = ["--stack", "prod", ...(json ? ["--json"] : [])];
    const code = await statusCommand(args, asking, fakeClients({ ...GOOD, ...world, parameters }));
    for (const secret of [QUERY, ...Object.values(TOKENS)]) expect(text()).not.toContain(secret);
    return {
      code,
      line: text()
        .split("\n")
        .find((line) => line.startsWith("GHL ")),
      text: text(),
    };
  }
  const applied = (phase: Applied["phase"]) => ({ applied: { ...GOOD.applied, phase, pythonShare: 0 }, weight: 0 });

  it("names the target with a token that only reads, and writes nothing", async () => {
    const { code, line, text } = await status(FRONT_DOOR);
    expect(line).toBe("GHL       sends to https://messages.example.com/webhooks/ghl?… (the front door)");
    expect(code).toBe(0);
    expect(documentedScreens().join("\n")).toContain(line);
    expect(ghl.writes()).toEqual([]);
    expect(text).toContain("rollback  armed");
    const forPrograms = await status(FRONT_DOOR, { json: true });
    expect(JSON.parse(forPrograms.text)).toMatchObject({ ghl: { place: "front-door", drift: null }, well: true });
  });

  it.each([
    ["a person moved it back to Node", NODE, "https://node.example.com/hook?…, NOT to the front door: changed by hand"],
    ["a person pinned it to Node", `${FRONT_DOOR}&backend=node`, "ghl?…, NOT to the front door"],
    ["a person moved it elsewhere", ELSEWHERE, "https://elsewhere.example.com/by-hand?…, NOT to the front door"],
    ["a person emptied it", " ", "sends to nothing (empty), NOT to the front door"],
    ["a person wrote no URL", `the ${QUERY}`, "sends to something that is no URL, NOT to the front door"],
  ])("says that %s, with exit code 1", async (_what, holds, says) => {
    const { code, line } = await status(holds);
    expect(line).toContain(says);
    expect(code).toBe(1);
    expect(JSON.parse((await status(holds, { json: true })).text)).toMatchObject({
      ghl: { drift: expect.stringContaining(says) },
      well: false,
    });
  });

  it.each([
    ["node-only", "Node", NODE, undefined],
    ["node-only", "pinned to Node", `${FRONT_DOOR}&backend=node`, undefined],
    ["node-only", "the front door", FRONT_DOOR, "NOT to Node"],
    ["prepare", "Node", NODE, undefined],
    ["prepare", "anywhere", ELSEWHERE, undefined],
    ["prepare", "the front door", FRONT_DOOR, "NOT to where it was found"],
  ] as const)("in %s, at %s", async (phase, _where, holds, says) => {
    const { line } = await status(holds, { world: applied(phase) });
    if (says === undefined) expect(line).not.toContain("NOT");
    else expect(line).toContain(says);
  });

  it.each([
    [NODE, undefined],
    [FRONT_DOOR, "NOT to Node"],
  ])("after a rollback Node is right", async (holds, says) => {
    const world: Partial<FakeWorld> = {
      switch: "node",
      parameters: { "/cutover/prod/rollback/rb-0001": JSON.stringify(ROLLBACK) },
    };
    const { line } = await status(holds, { world });
    if (says === undefined) expect(line).toBe("GHL       sends to https://node.example.com/hook?… (Node)");
    else expect(line).toContain(says);
  });

  it("says what was not asked, and why, without taking that for a fault", async () => {
    const withoutToken = await status(ELSEWHERE, { env: { CUTOVER_GHL_TOKEN: undefined } });
    expect(withoutToken).toMatchObject({ code: 0, line: expect.stringMatching(/not asked .*set CUTOVER_GHL_TOKEN/) });
    const byHand = await status(ELSEWHERE, { manifest: { ghl: { manual: true } } });
    expect(byHand).toMatchObject({ code: 0, line: expect.stringMatching(/not asked .*edited by hand/) });
    const older = await status(ELSEWHERE, { manifest: { ghl: undefined } });
    expect(older).toMatchObject({ code: 0, line: expect.stringMatching(/not asked .*the last update was made by/) });
  });

  it("takes what it could not read for a reason to look: exit code 1, and why", async () => {
    const unknown = await status(FRONT_DOOR, { env: { CUTOVER_GHL_TOKEN: "pit-unknown" } });
    expect(unknown).toMatchObject({
      code: 1,
      line: expect.stringMatching(/COULD NOT BE READ: .*does not know the token/),
    });
    ghl.seed(VALUE, ELSEWHERE);
    expect((await status(FRONT_DOOR)).line).toMatch(/COULD NOT BE READ: .*2 custom values named/);
  });
});
