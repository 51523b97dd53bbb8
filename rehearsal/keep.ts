import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { nextRung, type PhaseName, phaseOf } from "@cutover/domain/phases";
import { asShellExports } from "./engine/environment";
import type { Terminal } from "./run/terminal";
import type { Stage } from "./story/stage";
import type { Traffic } from "./story/traffic";
import { REGION, STACK } from "./world/names";

/** Messages a second while nobody plays a step. */
const KEPT_RATE = 5;

export interface KeepOptions {
  readonly stage: Stage;
  readonly traffic: Traffic;
  readonly terminal: Terminal;
  readonly runFolder: string;
  readonly reportFile: string;
  /** The phase that is applied. */
  readonly phase: PhaseName;
}

/** Prints how to play by hand and waits until a person ends it. Messages go on flowing, so that a change shows. */
export async function keepRunning(options: KeepOptions): Promise<void> {
  const { stage, traffic, terminal } = options;
  const envFile = join(options.runFolder, "env.sh");
  writeFileSync(envFile, asShellExports(stage.engine.environment), { mode: 0o600 });
  for (const line of instructions(options, envFile)) terminal.line(line);
  traffic.setRate(KEPT_RATE);
  traffic.start();
  const from = Date.now();
  const activity = terminal.activity("messages flow");
  const timer = setInterval(() => activity.progress(describe(traffic, from)), 1000);
  await new Promise<void>((resolve) => stage.signal.addEventListener("abort", () => resolve(), { once: true }));
  clearInterval(timer);
  await traffic.stop();
  activity.done(describe(traffic, from));
}

/** What was sent in the last ten seconds. */
function describe(traffic: Traffic, from: number): string {
  const since = Math.max(from, Date.now() - 10_000);
  const { sent, accepted, servedBy } = traffic.totals(since);
  return `last 10 s: ${sent} sent, ${accepted} accepted, Node ${servedBy.node ?? 0}, Python ${servedBy.python ?? 0}`;
}

function instructions({ stage, reportFile, phase }: KeepOptions, envFile: string): string[] {
  const { ports, domain, caFile } = stage;
  const next = nextRung(phaseOf(phase))?.name ?? phase;
  return [
    "",
    "The world stays until Ctrl-C.",
    "",
    `  front door   https://${domain}/webhooks/ghl  (127.0.0.1:${ports.frontDoor})`,
    `  GHL stand-in ${stage.ghl.url}`,
    `  AWS          ${stage.gateway.url}`,
    `  Postgres     ${stage.postgres.url}`,
    `  report       ${reportFile}`,
    "",
    "In another terminal, in this folder:",
    "",
    `  source ${envFile}`,
    "  pulumi stack output",
    `  pulumi config set cutover:phase ${next} && pulumi up                                  # up one rung`,
    `  pulumi config set cutover:from ${next} && pulumi config set cutover:phase ${phase} && pulumi up   # and back`,
    "  pulumi destroy",
    `  npx cutover next --stack ${STACK} --region ${REGION}   # what is missing for the next rung`,
    "",
    "A message by hand, and what the table holds:",
    "",
    `  curl -sS -i --cacert ${caFile} --connect-to ${domain}:443:127.0.0.1:${ports.frontDoor} \\`,
    `    -H 'content-type: application/json' -d '${exampleMessage(stage)}' https://${domain}/webhooks/ghl`,
    `  psql "${stage.postgres.url}" -c 'select status, count(*) from message_queue group by 1'`,
    "",
  ];
}

function exampleMessage({ ghl }: Stage): string {
  return JSON.stringify({
    type: "InboundMessage",
    locationId: ghl.locationId,
    contactId: "contact-by-hand",
    messageId: "by-hand-1",
    messageType: "SMS",
    body: "Is the flat still available?",
  });
}
