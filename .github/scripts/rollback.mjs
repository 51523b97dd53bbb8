// Rolls stack $STACK back for $REASON through the function that alarms call. Needs Node (any) and the AWS CLI only, so that it
// works in seconds, and while npm, Pulumi or our packages do not. Exit code: 0 the kill switch has moved, and the text says
// where every customer's message goes now (to Node; to the inbox where Node is dead), 1 it may not have moved.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { STACK, REASON } = process.env;
const BY_HAND = 'By hand, without the function: docs/runbook.md, "Roll back now".';
const MOVED = ["rolled-back", "joined", "completed"];
const WHERE = {
  node: "Now: every customer's message goes to Node.",
  hold: 'Now: every customer\'s message is kept in the inbox, and nobody answers customers until an engine lives again: docs/runbook.md, "Messages in the inbox".',
};
const UNKNOWN = "Where messages go now is not in the answer: npx cutover status says it.";

if (!STACK || !REASON) {
  console.log("STACK and REASON must be set");
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "rollback-"));
try {
  const answerFile = join(folder, "answer.json");
  const invoked = execFileSync(
    "aws",
    [
      ...["lambda", "invoke", "--function-name", `cutover-${STACK}-rollback`],
      // The function takes up to 60 s. One attempt: it joins a rollback in force, so pressing the button again does no harm.
      ...["--cli-binary-format", "raw-in-base64-out", "--cli-read-timeout", "75", "--output", "json"],
      ...["--payload", JSON.stringify({ source: "manual", reason: REASON }), answerFile],
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  const answer = JSON.parse(readFileSync(answerFile, "utf8"));
  if (JSON.parse(invoked).FunctionError) {
    console.log(`The function failed: ${answer.errorMessage ?? "no message"}\n${BY_HAND}`);
    process.exitCode = 1;
  } else {
    console.log(`${answer.outcome}: ${answer.sentence}`);
    for (const [name, step] of Object.entries(answer.steps ?? {})) {
      console.log(`  ${name}: ${step.state}, ${step.detail}`);
    }
    const moved = MOVED.includes(answer.outcome);
    if (moved) console.log(WHERE[answer.to] ?? UNKNOWN);
    // A green run looks as if customers were answered: shown at its head. To stderr, which the run's summary does not take.
    if (answer.to === "hold" && process.env.GITHUB_ACTIONS)
      console.error(`::warning title=Messages are held::${WHERE.hold}`);
    process.exitCode = moved ? 0 : 1;
  }
} catch (error) {
  // Why stands above, in the words of the AWS CLI; the error's own message would repeat the command.
  console.log(`The function could not be called (${error.status ?? error.code ?? error.name}).\n${BY_HAND}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
