import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hideSecret } from "./command";
import { changedCount, describeChanges, describeErrors, EventReader, shortUrn } from "./events";

const URN = "urn:pulumi:rehearsal::cutover::cutover:index:Cutover$aws:lb/listener:Listener::web";
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-events-"));
  file = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (event: object) => `${JSON.stringify(event)}\n`;

describe("EventReader", () => {
  it("takes in whole lines only, while the file grows", () => {
    const reader = new EventReader(file);
    reader.poll();
    expect(reader.progress).toBe("program starts");
    const text = line({ resourcePreEvent: { metadata: { op: "create", urn: URN } } });
    writeFileSync(file, text.slice(0, 40));
    reader.poll();
    expect(reader.events.steps).toEqual([]);
    appendFileSync(file, text.slice(40));
    reader.poll();
    expect(reader.events.steps).toEqual([{ op: "create", urn: URN }]);
    expect(reader.progress).toBe("0 done, aws:lb/listener:Listener web");
  });

  it("keeps starts and ends of several operations at a time in their order", () => {
    const reader = new EventReader(file);
    const metadata = (op: string, name: string) => ({ metadata: { op, urn: `${URN}-${name}` } });
    const lines = [
      { resourcePreEvent: metadata("delete", "a") },
      { resourcePreEvent: metadata("delete", "b") },
      { resourcePreEvent: metadata("same", "c") },
      { resOutputsEvent: metadata("delete", "b") },
      { resOpFailedEvent: metadata("delete", "a") },
    ];
    writeFileSync(file, lines.map(line).join(""));
    reader.poll();
    expect(reader.events.timeline.map(({ mark, op, urn }) => `${mark} ${op} ${urn.at(-1)}`)).toEqual([
      "started delete a",
      "started delete b",
      "ended delete b",
      "failed delete a",
    ]);
  });

  it("keeps errors and warnings once, and text of any language whole", () => {
    const reader = new EventReader(file);
    const said = (severity: string, message: string) => line({ diagnosticEvent: { severity, message, urn: URN } });
    writeFileSync(
      file,
      said("error", "schon vergeben: Prüfung\n") + said("error", "schon vergeben: Prüfung") + said("debug", "x"),
    );
    appendFileSync(file, line({ summaryEvent: { resourceChanges: { create: 2, same: 5 } } }));
    reader.poll();
    expect(reader.events.diagnostics).toEqual([{ severity: "error", message: "schon vergeben: Prüfung", urn: URN }]);
    expect(reader.events.changes).toEqual({ create: 2, same: 5 });
  });
});

describe("texts", () => {
  it("counts changes without same, read and refresh", () => {
    expect(changedCount({ create: 2, same: 5, read: 1, refresh: 3, "create-replacement": 1 })).toBe(3);
    expect(describeChanges({ same: 5 })).toBe("no change");
    expect(describeChanges({ create: 2, same: 5, update: 0 })).toBe("2 create");
  });

  it("shortens an error and leaves out what only repeats it", () => {
    const long = Array.from({ length: 40 }, (_, i) => `line ${i}`).join("\n");
    const text = describeErrors([
      { severity: "warning", message: "never mind" },
      { severity: "error", message: long, urn: URN },
      { severity: "error", message: "update failed" },
    ]);
    expect(text).toMatch(/^aws:lb\/listener:Listener web: line 0\n/);
    expect(text).toContain("… 28 more lines");
    expect(text).not.toMatch(/never mind|update failed/);
  });

  it("keeps the reason at the end of a very long line", () => {
    const message = `property files value ${"x".repeat(5000)} has a problem: the database does not answer`;
    const text = describeErrors([{ severity: "error", message }]);
    expect(text).toMatch(/^property files value x+ … x+ has a problem: the database does not answer$/);
    expect(text.length).toBeLessThan(400);
  });

  it("names a resource by its own type and name", () => {
    expect(shortUrn(URN)).toBe("aws:lb/listener:Listener web");
  });

  it("hides the value after --secret only", () => {
    const args = ["config", "--plaintext", "a=b", "--secret", "c.d=two\nlines=x"];
    expect(args.map(hideSecret)).toEqual(["config", "--plaintext", "a=b", "--secret", "c.d=[secret]"]);
  });
});
