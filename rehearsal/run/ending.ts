import { waitFor } from "../support/wait";
import { isAlive, type ProcessIdentity } from "./processes";

/** SIGTERM, then after `graceMs` (default 3000) SIGKILL; resolves when all are gone. Looks at each identity again before it signals. */
export async function endProcesses(found: readonly ProcessIdentity[], graceMs = 3000): Promise<void> {
  if (found.length === 0) return;
  for (const one of found) signal(one, "SIGTERM");
  const gone = () => found.every((one) => !isAlive(one));
  try {
    await waitFor(gone, { what: "left-over processes to end", deadlineMs: graceMs });
  } catch {
    for (const one of found) signal(one, "SIGKILL");
    const left = () => found.filter(isAlive).map((one) => one.pid);
    await waitFor(gone, { what: `processes ${left().join(", ")} to end after SIGKILL`, deadlineMs: 5000 });
  }
}

function signal(one: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(one)) return;
  try {
    process.kill(one.pid, name);
  } catch {
    // ended in between
  }
}
