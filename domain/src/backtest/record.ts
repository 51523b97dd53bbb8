import { emptyCounts, type MinuteCounts } from "./traffic";

const COLUMNS: Readonly<Record<string, keyof MinuteCounts>> = {
  requests: "requests",
  errors: "errors",
  refused: "refused",
  failed: "failed",
  slow: "slow",
  routings: "routings",
  routing_failures: "routingFailures",
  bookings: "bookings",
  booking_failures: "bookingFailures",
  connection_errors: "connectionErrors",
  hosts: "hosts",
};

/** Longest record: three months of minutes. */
const MOST_MINUTES = 100 * 24 * 60;

/** A recording that can't be used; the message says where and what was expected. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/**
 * Reads recorded minutes from CSV: a head with `minute` (ISO 8601) and any of requests, errors (5xx), refused (4xx), failed
 * (accepted, then given up on; may come minutes after its request), slow, routings, routing_failures, bookings, booking_failures, connection_errors, hosts; one line a minute, in order. Minutes that
 * are left out had no traffic; columns that are left out are 0 (hosts: 2).
 *
 * @throws RecordError for anything else, with the line
 */
export function parseRecord(csv: string): MinuteCounts {
  const lines = csv.split(/\r?\n/).filter((line) => line.trim() !== "");
  const head = (lines[0] ?? "").split(",").map((name) => name.trim());
  const at = head.indexOf("minute");
  const unknown = head.filter((name) => name !== "minute" && !(name in COLUMNS));
  if (at < 0 || unknown.length > 0 || !head.includes("requests")) {
    const expected = ["minute", ...Object.keys(COLUMNS)].join(", ");
    throw new RecordError(
      `Line 1 has the columns ${head.join(", ")}: expected minute, requests and any of ${expected}.`,
    );
  }
  const rows = lines.slice(1).map((line, i) => {
    const cells = line.split(",").map((cell) => cell.trim());
    const time = Date.parse(cells[at] ?? "");
    if (Number.isNaN(time)) throw new RecordError(`Line ${i + 2} has the minute "${cells[at]}": expected ISO 8601.`);
    return { line: i + 2, minute: Math.floor(time / 60_000), cells };
  });
  const first = rows[0]?.minute ?? 0;
  const last = rows[rows.length - 1]?.minute ?? 0;
  const length = last - first + 1;
  if (rows.length === 0 || length > MOST_MINUTES) {
    throw new RecordError(
      `The recording has ${rows.length === 0 ? 0 : length} minutes: expected 1 to ${MOST_MINUTES}.`,
    );
  }
  const counts = emptyCounts(length);
  let before = first - 1;
  for (const { line, minute, cells } of rows) {
    if (minute <= before) throw new RecordError(`Line ${line} is not later than the line before it.`);
    before = minute;
    for (const [i, name] of head.entries()) {
      const column = COLUMNS[name];
      if (column) counts[column][minute - first] = wholeNumber(cells[i] ?? "", name, line);
    }
  }
  return checked(counts, first);
}

function wholeNumber(text: string, name: string, line: number): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new RecordError(`Line ${line} has "${text}" as ${name}: expected a whole number, 0 or more.`);
  }
  return Number(text);
}

const PARTS: readonly (readonly [part: keyof MinuteCounts, whole: keyof MinuteCounts])[] = [
  ["errors", "requests"],
  ["refused", "requests"],
  ["slow", "requests"],
  ["routingFailures", "routings"],
  ["bookingFailures", "bookings"],
];

function checked(counts: MinuteCounts, first: number): MinuteCounts {
  for (const [part, whole] of PARTS) {
    const i = counts[part].findIndex((n, k) => n > (counts[whole][k] as number));
    if (i >= 0) {
      const minute = new Date((first + i) * 60_000).toISOString();
      throw new RecordError(
        `At ${minute} there are more ${part} (${counts[part][i]}) than ${whole} (${counts[whole][i]}).`,
      );
    }
  }
  return counts;
}
