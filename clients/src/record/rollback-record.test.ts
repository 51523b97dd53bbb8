import { inboxToPythonPath, recordPath } from "@cutover/domain/rollback/record";
import { describe, expect, it } from "vitest";
import { awsError } from "../rollback/testkit";
import { dice, TestAws } from "../rollback/testkit-aws";
import {
  createRecord,
  markReleased,
  newestRollback,
  type RollbackDraft,
  readRollbacks,
  removeRollbacks,
  updateRecord,
} from "./rollback-record";

const FAST = { deadlineMs: 500, baseMs: 1 };
const draft = (at = "2026-11-22T10:00:00.000Z"): RollbackDraft => ({
  at,
  trigger: { kind: "hard", text: "probes failed" },
  to: "node",
  steps: {},
});

describe("createRecord", () => {
  it("numbers from 1 and goes on after a release", async () => {
    const { ssm } = new TestAws().clients;
    expect(await createRecord("prod", draft(), ssm, FAST)).toMatchObject({ record: { id: "rb-0001" }, joined: false });
    await markReleased("prod", "rb-0001", ssm, FAST);
    expect(await createRecord("prod", draft(), ssm, FAST)).toMatchObject({ record: { id: "rb-0002" }, joined: false });
    expect(await newestRollback("prod", ssm, FAST)).toMatchObject({ id: "rb-0002" });
  });

  it("joins the record that is open", async () => {
    const { ssm } = new TestAws().clients;
    await createRecord("prod", draft(), ssm, FAST);
    const other = await createRecord("prod", draft("2026-11-22T10:00:05.000Z"), ssm, FAST);
    expect(other).toMatchObject({ record: { id: "rb-0001", at: "2026-11-22T10:00:00.000Z" }, joined: true });
  });

  it("makes a new one beside a record whose release has begun", async () => {
    const { ssm } = new TestAws().clients;
    await createRecord("prod", draft(), ssm, FAST);
    expect(await createRecord("prod", draft(), ssm, FAST, "rb-0001")).toMatchObject({ record: { id: "rb-0002" } });
  });

  it("knows its own record where the answer to the first attempt was lost", async () => {
    const aws = new TestAws();
    let lost = 0;
    const ssm = {
      send: async (command: never) => {
        const answer = await aws.clients.ssm.send(command);
        if ((command as object).constructor.name === "PutParameterCommand" && lost++ === 0) {
          throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
        }
        return answer;
      },
    } as unknown as typeof aws.clients.ssm;
    expect(await createRecord("prod", draft(), ssm, FAST)).toMatchObject({ record: { id: "rb-0001" }, joined: false });
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))("of five at once makes one record, seed %i", async (seed) => {
    const aws = new TestAws();
    const random = dice(seed);
    aws.turns = () => random(5);
    const made = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        createRecord("prod", draft(`2026-11-22T10:00:0${n}.000Z`), aws.clients.ssm, FAST),
      ),
    );
    expect(made.map(({ record }) => record.id)).toEqual(Array.from({ length: 5 }, () => "rb-0001"));
    expect(made.filter(({ joined }) => !joined)).toHaveLength(1);
    expect(aws.parameters.size).toBe(1);
  });
});

describe("updateRecord", () => {
  it("adds steps to what is there, and never takes a release back", async () => {
    const aws = new TestAws();
    const { ssm } = aws.clients;
    const { record } = await createRecord("prod", { ...draft(), busyUntil: "2026-11-22T10:00:40.000Z" }, ssm, FAST);
    const step = { state: "done" as const, at: "2026-11-22T10:00:01.000Z", detail: "x" };
    await updateRecord("prod", { ...record, steps: { webhook: step } }, ssm, FAST);
    await markReleased("prod", "rb-0001", ssm, FAST);
    await updateRecord("prod", { ...record, busyUntil: undefined, steps: { switch: step } }, ssm, FAST);
    const { records } = await readRollbacks("prod", ssm, FAST);
    expect(records).toMatchObject([{ releasedAt: expect.any(String), steps: { switch: step, webhook: step } }]);
    expect(aws.parameters.get(recordPath("prod", "rb-0001"))?.value).not.toMatch(/releasedAt|busyUntil/);
  });
});

describe("a person's word that Python may have held messages", () => {
  it("counts as long as its parameter is there, stays out of the record, and goes with it", async () => {
    const aws = new TestAws();
    const { ssm } = aws.clients;
    const { record } = await createRecord("prod", draft(), ssm, FAST);
    const word = inboxToPythonPath("prod", record.id);
    aws.parameters.set(word, { value: "yes", modified: new Date(0) });
    expect(await updateRecord("prod", { ...record, to: "hold" }, ssm, FAST)).toMatchObject({ inboxToPython: true });
    expect((await readRollbacks("prod", ssm, FAST)).records).toMatchObject([{ first: "node", inboxToPython: true }]);
    aws.parameters.delete(word);
    expect((await readRollbacks("prod", ssm, FAST)).records[0]).not.toHaveProperty("inboxToPython");
    aws.parameters.set(word, { value: "yes", modified: new Date(0) });
    await removeRollbacks("prod", ssm, FAST);
    expect(aws.parameters.size).toBe(0);
  });
});

describe("updateRecord by several at once", () => {
  const step = (detail: string) => ({ state: "done" as const, at: "2026-11-22T10:00:01.000Z", detail });

  it.each(Array.from({ length: 40 }, (_, seed) => seed))("loses no step of anybody, seed %i", async (seed) => {
    const aws = new TestAws();
    const random = dice(seed);
    const { ssm } = aws.clients;
    const { record } = await createRecord("prod", draft(), ssm, FAST);
    aws.turns = () => random(5);
    const names = ["switch", "verify", "webhook", "notice"] as const;
    await Promise.all(
      names.map((name) => updateRecord("prod", { ...record, steps: { [name]: step(name) } }, ssm, FAST)),
    );
    const [after] = (await readRollbacks("prod", ssm, FAST)).records;
    expect(Object.keys(after?.steps ?? {}).sort()).toEqual([...names].sort());
  });

  it("keeps what was done over what failed, whoever writes last", async () => {
    const aws = new TestAws();
    const { ssm } = aws.clients;
    const { record } = await createRecord("prod", draft(), ssm, FAST);
    let once = true;
    aws.before = (operation) => {
      if (operation !== "PutParameter" || !once) return;
      once = false;
      // Another invocation's write lands between our reading and our writing.
      const path = recordPath("prod", record.id);
      const value = JSON.stringify({ ...record, steps: { webhook: step("moved") } });
      aws.parameters.set(path, { value, modified: new Date() });
      aws.history.set(path, [...(aws.history.get(path) ?? []), value]);
    };
    const failed = { state: "failed" as const, at: "2026-11-22T10:00:09.000Z", detail: "down" };
    await updateRecord("prod", { ...record, steps: { webhook: failed } }, ssm, FAST);
    const [after] = (await readRollbacks("prod", ssm, FAST)).records;
    expect(after?.steps.webhook).toEqual(step("moved"));
  });
});

describe("readRollbacks", () => {
  it("reads all pages and what people were paged for", async () => {
    const aws = new TestAws();
    const { ssm } = aws.clients;
    for (let n = 0; n < 5; n++) {
      const { record } = await createRecord("prod", draft(), ssm, FAST);
      await markReleased("prod", record.id, ssm, FAST);
    }
    aws.parameters.set("/cutover/prod/rollback/paged", { value: "an alarm", modified: new Date() });
    const { records, paged } = await readRollbacks("prod", ssm, FAST);
    expect(records.map(({ id }) => id)).toEqual(["rb-0001", "rb-0002", "rb-0003", "rb-0004", "rb-0005"]);
    expect(paged).toBe("an alarm");
  });

  it("lets a denied call be an error and not 'no rollback'", async () => {
    const aws = new TestAws();
    aws.failures.set("GetParametersByPath", [awsError("AccessDeniedException", "not authorized")]);
    await expect(readRollbacks("prod", aws.clients.ssm, FAST)).rejects.toThrow(/not authorized/);
  });
});
