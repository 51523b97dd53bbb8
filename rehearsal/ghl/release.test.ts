import type { GhlValueInputs } from "@cutover/clients/ghl/state";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Lab } from "./lab";
import { GhlStandIn } from "./server";

const NODE = "https://node.example.com/webhooks/ghl";
const DOOR = "https://door.example.com/webhooks/ghl";
const NAME = "Cutover Webhook URL";

describe("a rollback that is released without an update in between", () => {
  let ghl: GhlStandIn;
  let lab: Lab;
  const inputs = (more: Partial<GhlValueInputs> = {}): GhlValueInputs => ({
    locationId: ghl.locationId,
    match: { name: NAME },
    mode: "set",
    value: DOOR,
    frontDoor: DOOR,
    rollbackUrl: NODE,
    onDestroy: "restore",
    ...more,
  });
  /** What the rollback function does: it writes without Pulumi. */
  const rollBack = (url: string) => {
    ghl.editByHand(NAME, url);
  };

  beforeEach(async () => {
    ghl = new GhlStandIn();
    await ghl.start();
    ghl.seed(NAME, NODE);
    lab = new Lab(ghl);
    expect(await lab.up(inputs())).toMatchObject({ ok: true });
    expect(ghl.valueOf(NAME)).toBe(DOOR);
  });
  afterEach(() => ghl.stop());

  it.each([
    ["Node's own URL", NODE, false],
    ["Node's own URL, seen by a refresh", NODE, true],
    ["the pinned front door", `${DOOR}?backend=node`, false],
  ])("brings the webhook back from %s, each time anew, and is no change afterwards", async (_, url, refreshed) => {
    for (const release of ["rb-0001", "rb-0002"]) {
      rollBack(url);
      if (refreshed) await lab.refresh();
      expect(await lab.up(inputs({ release }))).toMatchObject({ ok: true });
      expect(ghl.valueOf(NAME)).toBe(DOOR);
      expect(await lab.changes(inputs({ release }))).toBe(false);
    }
  });

  it("a person's move to Node after it is not undone", async () => {
    rollBack(NODE);
    await lab.up(inputs({ release: "rb-0001" }));
    ghl.editByHand(NAME, NODE);
    await lab.refresh();
    const result = await lab.up(inputs({ release: "rb-0001" }));
    expect(result.ok).toBe(false);
    expect(result.read).toContain("somebody changed the value in GHL by hand");
    expect(ghl.valueOf(NAME)).toBe(NODE);
  });
});
