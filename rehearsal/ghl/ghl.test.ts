import { createServer } from "node:http";
import { GhlClient } from "@cutover/clients/ghl/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LoadGenerator } from "./load";
import { GhlStandIn } from "./server";

const NAME = "Cutover Webhook URL";

describe("the stand-in GHL", () => {
  const ghl = new GhlStandIn();
  beforeEach(() => ghl.start());
  afterEach(() => ghl.stop());

  it("sends through a workflow step whose URL and headers are custom values, resolved at each sending", async () => {
    const seen: { url: string; secret: unknown; contact: unknown }[] = [];
    const target = createServer((request, response) => {
      seen.push({
        url: request.url ?? "",
        secret: request.headers["x-webhook-secret"],
        contact: request.headers["x-contact-id"],
      });
      request.resume();
      response.writeHead(200, { "x-served-by": "node" }).end("{}");
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const address = target.address();
    const base = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    const id = ghl.seed(NAME, `${base}/old?key=1`);
    ghl.seed("Cutover Webhook Secret", "hush");
    const step = {
      url: "{{custom_values.cutover_webhook_url}}",
      headers: { "x-webhook-secret": "{{ custom_values.cutover_webhook_secret }}", "x-contact-id": "{{contact.id}}" },
    };
    const sender = ghl.workflow(step);
    const load = new LoadGenerator({ sender, concurrency: 10, prefix: "t" });
    expect((await load.burst(25)).every((m) => m.status === 200 && m.servedBy === "node")).toBe(true);
    const client = new GhlClient({ token: ghl.token, locationId: ghl.locationId, baseUrl: ghl.url });
    await client.write(id, `${base}/new`);
    await load.burst(1);
    client.close();
    sender.close();
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
    expect(seen).toHaveLength(26);
    expect(seen[0]).toMatchObject({ url: "/old?key=1", secret: "hush", contact: load.messages[0]?.contactId });
    expect(seen.at(-1)?.url).toBe("/new");
    expect(load.totals()).toMatchObject({ sent: 26, accepted: 26, refused: 0, servedBy: { node: 26 } });
  });
});
