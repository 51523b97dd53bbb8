import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { machineState } from "../../rehearsal/proof/machine";
import { projectRoot } from "../../tools/toolchain";
import { PolicyWorld } from "./policy-world";

/** Seconds that the pack may add to a preview. */
const GOAL_SECONDS = 2;
const PAIRS = 15;

interface Pair {
  readonly withoutPack: number;
  readonly withPack: number;
}

/**
 * What the policy pack adds to a first preview of the whole program, on the real engine with emulated AWS:
 * `npm run -s bench:policy [-- --pairs N]`. With 15 pairs or more it writes docs/measured/policy.md. Exit code 1 when
 * the goal is missed.
 */
async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf("--pairs");
  const wanted = at < 0 ? PAIRS : Number(args[at + 1]);
  if (!(Number.isInteger(wanted) && wanted > 0)) throw new Error("--pairs takes a whole number above 0");
  const world = await PolicyWorld.start();
  const pairs: Pair[] = [];
  try {
    await world.program.preview(); // caches are warm for both from here on
    for (let i = 0; i < wanted; i++) {
      pairs.push(await measure(world, i % 2 === 0));
      process.stderr.write(`${i + 1} of ${wanted}: ${JSON.stringify(pairs.at(-1))}\n`);
    }
  } finally {
    await world.stop();
  }
  const added = median(pairs.map((one) => one.withPack - one.withoutPack));
  process.stdout.write(`median of what the pack adds: ${added.toFixed(2)} s (goal: at most ${GOAL_SECONDS} s)\n`);
  if (wanted >= PAIRS) writeFileSync(join(projectRoot(), "docs/measured/policy.md"), page(pairs, added));
  process.exitCode = added <= GOAL_SECONDS ? 0 : 1;
}

/** Which one is first alternates, so that a machine that gets slower favours neither. */
async function measure(world: PolicyWorld, packFirst: boolean): Promise<Pair> {
  const withPack = async () => {
    const { exitCode, seconds, stderr } = await world.run(world.program, "preview");
    if (exitCode !== 0) throw new Error(`the preview with the pack failed:\n${stderr}`);
    return seconds;
  };
  const withoutPack = async () => (await world.program.preview()).seconds;
  if (packFirst) {
    const first = await withPack();
    return { withPack: first, withoutPack: await withoutPack() };
  }
  const first = await withoutPack();
  return { withoutPack: first, withPack: await withPack() };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((low ?? 0) + (high ?? 0)) / 2;
}

function page(pairs: readonly Pair[], added: number): string {
  const rows = pairs.map(({ withoutPack, withPack }, i) => {
    const more = withPack - withoutPack;
    return `| ${i + 1} | ${withoutPack.toFixed(1)} | ${withPack.toFixed(1)} | ${more.toFixed(1)} |`;
  });
  const { processors, loadAverage, measuredAt } = machineState();
  return [
    "# What the policy pack costs",
    "",
    "Made by `npm run -s bench:policy`. Do not edit.",
    "",
    `First previews of the whole program in \`prepare\`, with and without \`--policy-pack\`, real engine, emulated AWS. The pack is
started by a script in place of a language host (docs/ci.md), which the official release does by a process of its own.
${processors} cores (${cpus()[0]?.model.trim() ?? "unknown"}), load average ${loadAverage}, ${measuredAt}.`,
    "",
    `In the median the pack adds **${added.toFixed(2)} s**; the goal is at most ${GOAL_SECONDS} s: ${added <= GOAL_SECONDS ? "reached" : "missed"}.`,
    "",
    "| pair | without, s | with, s | more, s |",
    "|---:|---:|---:|---:|",
    ...rows,
    "",
  ].join("\n");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
