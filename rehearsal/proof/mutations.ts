import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** One deliberate break of the product, and the check of the rehearsal that has to notice it. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** Each text has to stand in the file exactly once, or the break is not the one that is meant. */
  readonly breaks: readonly { readonly from: string; readonly to: string }[];
  /** What is played: variables of `make rehearse`. */
  readonly play: Readonly<Record<"PHASES" | "FAULT", string>> | Readonly<Record<"PHASES", string>>;
  /** Beginning of the check that turns red where no policy pack judges the update. */
  readonly check: string;
  /** The policy that stops the update before anything of this is played; undefined: none can see it. */
  readonly policy?: string;
}

/** Leaves the policy pack out of a rehearsal: it would stop most breaks before what they break is played. */
export const UNJUDGED = {
  name: "no policies",
  file: "rehearsal/story/play-step.ts",
  breaks: [{ from: 'new Set(["prepare", "parallel", "decommission"])', to: "new Set([])" }],
} as const;

/** How the check begins that is red where a policy stops the update. */
export const STOPPED = "pulumi up succeeds";

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "alarm without action",
    file: "components/alarms.ts",
    breaks: [{ from: "alarmActions: [this.#args.rollbackTopicArn],", to: "alarmActions: []," }],
    play: { PHASES: "prepare" },
    policy: "alarms-armed",
    check: "both alarms that roll back exist and act on a topic that invokes the function",
  },
  {
    name: "weights swapped",
    file: "components/rule-parts.ts",
    breaks: [
      // With everything at one engine the next update would be refused before a message is measured.
      { from: "{ arn: nodeArn, weight: 100 - pythonShare }", to: "{ arn: nodeArn, weight: pythonShare || 100 }" },
      {
        from: "{ arn: pythonArn, weight: pythonShare },",
        to: "{ arn: pythonArn, weight: pythonShare && 100 - pythonShare },",
      },
    ],
    play: { PHASES: "parallel" },
    policy: "weights-as-recorded",
    check: "Python's share is as declared",
  },
  {
    name: "wrong dimension",
    file: "domain/src/triggers.ts",
    breaks: [
      {
        from: 'contextOf("python", targetGroups.pythonCustomer, pythonShare)',
        to: 'contextOf("python", targetGroups.nodeCustomer ?? "", pythonShare)',
      },
    ],
    // Probes still see that Python is broken, so traffic goes back: what is missing is the alarm of the customers' errors.
    play: { PHASES: "parallel", FAULT: "python-5xx" },
    check: "the trigger that is there for it rings",
  },
  {
    name: "function without permission to the rule",
    file: "components/rollback-policies.ts",
    breaks: [
      {
        from: 'allow("elasticloadbalancing:ModifyRule", args.killSwitchRuleArn)',
        to: 'allow("elasticloadbalancing:DescribeRules", args.killSwitchRuleArn)',
      },
    ],
    play: { PHASES: "parallel", FAULT: "python-5xx" },
    policy: "triggers-armed",
    check: "traffic and webhook go back to Node by themselves",
  },
  {
    // The reconciler rolls back all the same, within its minute: nothing but the function's own log tells them apart.
    name: "alarm's event ignored",
    file: "clients/src/rollback/run.ts",
    breaks: [
      {
        from: "return respond({ kind: event.tier, alarm: event.alarm, text: event.text, at: event.at }, config, ports);",
        to: 'return { outcome: "ignored", sentence: "Broken on purpose." };',
      },
    ],
    play: { PHASES: "parallel", FAULT: "python-5xx" },
    check: "the alarm itself called the rollback function",
  },
  {
    name: "switch moved late",
    file: "clients/src/rollback/steps.ts",
    breaks: [
      {
        from: "  await ports.setSwitch(to);",
        to: "  await new Promise((resolve) => setTimeout(resolve, 2500));\n  await ports.setSwitch(to);",
      },
    ],
    play: { PHASES: "parallel", FAULT: "python-5xx" },
    check: "from the alarm to traffic back within 2 s",
  },
  {
    name: "reconciler off",
    file: "components/rollback.ts",
    breaks: [{ from: 'scheduleExpression: "rate(1 minute)"', to: 'scheduleExpression: "rate(43200 minutes)"' }],
    play: { PHASES: "parallel", FAULT: "routing" },
    policy: "triggers-armed",
    check: "traffic and webhook go back to Node by themselves",
  },
  {
    name: "latch not read",
    file: "world/observe.ts",
    breaks: [
      { from: "const rollback = openRollback(records);", to: "const rollback = openRollback([]);" },
      { from: "const killSwitch = await observeKillSwitch(manifest, aws);", to: 'const killSwitch = "off" as const;' },
    ],
    play: { PHASES: "parallel", FAULT: "python-5xx" },
    check: "pulumi up does not undo the rollback",
  },
];

/** Breaks the text, or says why it is not the text that was meant. */
export function broken(text: string, { name, file, breaks }: Pick<Mutation, "name" | "file" | "breaks">): string {
  return breaks.reduce((now, { from, to }) => {
    if (now.split(from).length !== 2) throw new Error(`${name}: "${from}" stands not exactly once in ${file}`);
    return now.replace(from, () => to);
  }, text);
}

/**
 * A copy of the project in `folder`, packages included: the workspaces are found through node_modules, so a link to the
 * original's would run the original's code. Files are hard links where the disk allows it; the broken one is written anew.
 */
export function copyProject(root: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  for (const file of files) cpSync(join(root, file), join(folder, file));
  try {
    execFileSync("cp", ["-al", join(root, "node_modules"), join(folder, "node_modules")], { stdio: "ignore" });
  } catch {
    rmSync(join(folder, "node_modules"), { recursive: true, force: true });
    cpSync(join(root, "node_modules"), join(folder, "node_modules"), { recursive: true, verbatimSymlinks: true });
  }
  // Stamps and bundles of the build are this copy's own.
  const cache = join(folder, "node_modules/.cache/cutover");
  const kept = join(cache, "toolchain.json");
  const toolchain = readFileSync(kept, "utf8");
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, toolchain);
}

/** What a rehearsal said of itself until it ended, or until it had said the line for which it was run. */
export interface Heard {
  readonly text: string;
  /** The line of the failed check; undefined: it did not fail. */
  readonly red: string | undefined;
  readonly exitCode: number | null;
}

/** Plays a rehearsal in the copy. Once the check has failed it is ended, since the rest proves nothing more. */
export function rehearseBroken(
  folder: string,
  { play, check }: Pick<Mutation, "play" | "check">,
  deadlineMs: number,
): Promise<Heard> {
  const child = spawn(process.execPath, ["tools/run.mjs", "rehearsal/main.ts"], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...play },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const redLine = () => text.split("\n").find((line) => line.includes(`✗ ${check}`));
  return new Promise((resolve, reject) => {
    const end = () => child.kill("SIGINT");
    const late = setTimeout(end, deadlineMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (redLine() !== undefined) end();
      });
    }
    child.once("error", reject);
    child.once("close", (exitCode) => {
      clearTimeout(late);
      resolve({ text, red: redLine()?.trim(), exitCode });
    });
  });
}
