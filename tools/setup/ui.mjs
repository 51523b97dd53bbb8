// Progress lines of `make setup`: one step, one name; plain lines, so that they read the same in a terminal and in a log.

function seconds(sinceMs) {
  const total = Math.round((Date.now() - sinceMs) / 1000);
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, "0")} s`;
}

/**
 * Runs one step and tells about it: a line at the start, one every 15 seconds with what `task` reports through its
 * argument, and one at the end with the time it took.
 */
export async function step(name, what, task, print = (line) => process.stdout.write(`${line}\n`)) {
  const label = name.padEnd(16);
  const started = Date.now();
  let detail = "";
  print(`  ${label} ${what}`);
  const timer = setInterval(() => print(`  ${label} … ${seconds(started)}${detail && `, ${detail}`}`), 15_000);
  try {
    const result = await task((text) => {
      detail = text;
    });
    print(`  ${label} ready after ${seconds(started)}${typeof result?.note === "string" ? ` (${result.note})` : ""}`);
    return result;
  } catch (error) {
    print(`  ${label} failed after ${seconds(started)}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
