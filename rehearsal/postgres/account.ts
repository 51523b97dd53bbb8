import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The operating-system account the server runs as; `undefined` means ours. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

function lookUp(name: string): Account | undefined {
  try {
    const id = (flag: string) =>
      Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    const account = { name, uid: id("-u"), gid: id("-g") };
    return account.uid > 0 ? account : undefined;
  } catch {
    return undefined;
  }
}

/**
 * PostgreSQL refuses to run as root. As root we use the account `CUTOVER_POSTGRES_USER`, else `postgres`, else `nobody`
 * (there on nearly every machine); nothing is created on the machine.
 * @throws when root finds none of them
 */
export function serverAccount(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): Account | undefined {
  if (uid !== 0) return undefined;
  const wanted = env.CUTOVER_POSTGRES_USER;
  const names = wanted ? [wanted] : ["postgres", "nobody"];
  for (const name of names) {
    const account = lookUp(name);
    if (account) return account;
  }
  throw new Error(
    `PostgreSQL does not run as root, and this machine has no user ${names.join(" or ")}. ` +
      "Run as an ordinary user, or create one (useradd --system postgres), or name one in CUTOVER_POSTGRES_USER.",
  );
}

/** Whether the account can enter the folder: search permission on it and on every folder above. */
export function canEnter(account: Account | undefined, folder: string): boolean {
  if (account === undefined) return true;
  for (let at = resolve(folder); ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (dirname(at) === at) return true;
  }
}
