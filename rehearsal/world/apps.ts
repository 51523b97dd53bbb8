import { join } from "node:path";
import { build } from "esbuild";
import type { Toolchain } from "../../tools/toolchain";
import { faultFile } from "../faults";
import type { ImageProgram } from "../tasks/task";
import { NODE_REPOSITORY, PYTHON_REPOSITORY } from "./names";

/** The programs behind the two images, by repository. */
export interface AppPrograms {
  readonly node: ImageProgram;
  readonly images: Readonly<Record<string, ImageProgram>>;
}

/** Bundles the stand-in Node service once for the run, so that its processes start quickly and never build side by side. */
export async function prepareApps(toolchain: Toolchain, runFolder: string): Promise<AppPrograms> {
  const { root } = toolchain;
  const bundle = join(runFolder, "apps", "node.cjs");
  await build({
    entryPoints: [join(root, "rehearsal/apps/node/main.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    packages: "external", // found upwards: the run folder lies in the project
    logLevel: "error",
  });
  const node: ImageProgram = { command: toolchain.node, args: [bundle], cwd: runFolder };
  const python: ImageProgram = {
    command: toolchain.appPython,
    args: [join(root, "rehearsal/apps/python/main.py")],
    cwd: runFolder,
    env: {
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONUNBUFFERED: "1",
      REHEARSAL_FAULT_FILE: faultFile(runFolder, "python"),
    },
  };
  const nodeImage = { ...node, env: { REHEARSAL_FAULT_FILE: faultFile(runFolder, "node") } };
  return { node, images: { [NODE_REPOSITORY]: nodeImage, [PYTHON_REPOSITORY]: python } };
}
