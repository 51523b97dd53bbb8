import { afterAll, beforeAll, expect, it } from "vitest";
import { type App, Bench, message } from "../testkit";

let bench: Bench;
let app: App;
beforeAll(async () => {
  bench = await Bench.start({ migrated: false });
  app = await bench.start("node");
});
afterAll(() => bench?.stop());

it("works before the LangGraph migration, while it is applied under load, and after it", async () => {
  await app.send(message("before"));
  expect((await app.send(message("p"), { headers: { "x-cutover-synthetic": "p" } })).status).toBe(200);
  await bench.completed("before", 1);
  const load = Array.from({ length: 60 }, (_, n) => app.send(message(`during-${n}`)));
  await bench.migrate();
  expect((await Promise.all(load)).filter((sent) => sent.status !== 200)).toEqual([]);
  await bench.completed("during", 60);
  await app.send(message("after"));
  await bench.completed("after", 1);
  expect(app.events("worker_error")).toEqual([]);
});

it("stores a message without an id, though it can't recognise it again", async () => {
  const sent = await app.send({ contact_id: "c9", customData: { body: "help" }, location: { id: "loc_x" } });
  expect(sent).toMatchObject({ status: 200, body: { duplicate: false } });
  const [row] = await bench.postgres.query<{ location_id: string; message_body: string }>(
    bench.postgres.adminUrl,
    "SELECT location_id, message_body FROM message_queue WHERE contact_id = 'c9'",
  );
  expect(row).toEqual({ location_id: "loc_x", message_body: "help" });
});

it.each([
  ["no JSON", "{"],
  ["no object", "[1]"],
  ["no contact", JSON.stringify({ body: "hi" })],
  ["an id that does not fit", JSON.stringify({ contactId: "c", messageId: "x".repeat(65) })],
  ["a body beyond the limit", JSON.stringify({ contactId: "c", body: "x".repeat(300_000) })],
])("answers 400 to %s", async (_what, body) => {
  expect((await app.send(body)).status).toBe(400);
});

it("stores text that Postgres can't hold without the part it can't hold", async () => {
  expect((await app.send(message("nul", "price\0?"))).status).toBe(200);
  expect((await bench.completed("nul", 1))[0]?.agent).toBe("sales");
});
