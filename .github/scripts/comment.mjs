// Puts $FILE on pull request $PR of $GITHUB_REPOSITORY as the one comment of stack $STACK: made once, then edited in place. The
// comment is known by its first line. Needs GH_TOKEN with pull-requests: write; GITHUB_API_URL is set by GitHub.
import { readFileSync } from "node:fs";

const PER_PAGE = 100;
/** Only a comment of our own is edited: anybody could quote the marker. */
const OURS = "github-actions[bot]";

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

async function ask(method, path, body) {
  const base = process.env.GITHUB_API_URL || "https://api.github.com";
  const response = await fetch(`${base}/repos/${need("GITHUB_REPOSITORY")}/${path}`, {
    method,
    headers: { authorization: `Bearer ${need("GH_TOKEN")}`, accept: "application/vnd.github+json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${method} ${path}`);
  return response.json();
}

async function find(marker) {
  for (let page = 1; ; page++) {
    const comments = await ask("GET", `issues/${need("PR")}/comments?per_page=${PER_PAGE}&page=${page}`);
    const ours = comments.find(({ user, body }) => user?.login === OURS && String(body).startsWith(marker));
    if (ours) return ours.id;
    if (comments.length < PER_PAGE) return undefined;
  }
}

async function main() {
  const marker = `<!-- cutover:${need("STACK")} -->`;
  const body = readFileSync(need("FILE"), "utf8");
  if (body.split("\n")[0] !== marker) {
    throw new Error(`${need("FILE")} does not begin with ${marker}: it would never be found again`);
  }
  const id = await find(marker);
  if (id === undefined) await ask("POST", `issues/${need("PR")}/comments`, { body });
  else await ask("PATCH", `issues/comments/${id}`, { body });
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
