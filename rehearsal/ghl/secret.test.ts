import type { GhlValueInputs } from "@cutover/clients/ghl/state";
import { expect, it } from "vitest";
import { Lab } from "./lab";
import { GhlStandIn } from "./server";

const NAME = "Cutover Webhook Secret";
const OURS = "0f".repeat(32);

it("a secret that somebody changed is written over with leave only, and no plain hash of it is printed", async () => {
  const ghl = new GhlStandIn();
  await ghl.start();
  try {
    const lab = new Lab(ghl);
    const match = { name: NAME };
    const inputs: GhlValueInputs = {
      locationId: ghl.locationId,
      match,
      mode: "set",
      value: OURS,
      secret: true,
      onDestroy: "delete",
    };
    expect(await lab.up(inputs)).toMatchObject({ ok: true });

    ghl.editByHand(NAME, "hunter2");
    await lab.refresh();
    const refused = await lab.up(inputs);
    expect(refused.ok).toBe(false);
    expect(refused.read).toContain("changed the secret in GHL by hand");
    expect(refused.read).not.toMatch(/hunter2|f52fbd32b2b3/); // the second is how its SHA-256 begins
    expect(ghl.valueOf(NAME)).toBe("hunter2");

    const [, overwrite = ""] = /cutover:ghl\.overwrite' ([0-9a-f]{12})/.exec(refused.read) ?? [];
    expect(await lab.up({ ...inputs, overwrite })).toMatchObject({ ok: true });
    expect(ghl.valueOf(NAME)).toBe(OURS);
    expect(await lab.changes({ ...inputs, overwrite })).toBe(false);
  } finally {
    await ghl.stop();
  }
});
