import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/** Nothing of this machine's settings, hooks or signing keys enters the repository. */
const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Rehearsal",
  GIT_AUTHOR_EMAIL: "rehearsal@example.com",
  GIT_COMMITTER_NAME: "Rehearsal",
  GIT_COMMITTER_EMAIL: "rehearsal@example.com",
};

/** A git repository with the stand-in's code: what `cutover:node.repository` names and decommission archives. */
export function makeNodeRepository(project: string, runFolder: string): string {
  const folder = join(runFolder, "node-service");
  mkdirSync(folder, { recursive: true });
  cpSync(join(project, "rehearsal", "apps", "node"), folder, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: folder, env: { PATH: process.env.PATH, ...GIT_ENVIRONMENT }, stdio: "pipe" });
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--message", "The Node service as it was before the cutover");
  return folder;
}
