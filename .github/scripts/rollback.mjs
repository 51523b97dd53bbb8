// Rolls stack $STACK back for $REASON through the function that alarms call. Needs Node (any) and the AWS CLI only, so that it
// works in seconds, and while npm, Pulumi or our packages do not. Exit code: 0 all messages go to Node, 1 they may not.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { STACK, REASON } = process.env;
const BY_HAND = 'By hand, without the function: docs/runbook.md, "Roll back now".';
const MOVED = ["rolled-back", "joined", "completed"];

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
    process.exitCode = MOVED.includes(answer.outcome) ? 0 : 1;
  }
} catch (error) {
  // Why stands above, in the words of the AWS CLI; the error's own message would repeat the command.
  console.log(`The function could not be called (${error.status ?? error.code ?? error.name}).\n${BY_HAND}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
