/** A workflow file: its text (comments count) and what it says. */
export interface Workflow {
  readonly file: string;
  readonly text: string;
  readonly parsed: unknown;
}

type Bag = Readonly<Record<string, unknown>>;

const bag = (value: unknown): Bag =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Bag) : {};
const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What each workflow's jobs may do beyond reading the code. */
const GRANTED: Readonly<Record<string, readonly string[]>> = {
  "preview.yml": ["id-token: write", "pull-requests: write"],
  "deploy.yml": ["id-token: write"],
  "rollback.yml": ["id-token: write"],
  "drift.yml": ["id-token: write", "issues: write"],
  "danger-label.yml": ["pull-requests: write"],
};

/** Secrets each workflow may see. Nothing that writes into GoHighLevel or the database where pull requests run. */
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  "preview.yml": ["PULUMI_ACCESS_TOKEN", "GHL_READONLY_TOKEN"],
  "deploy.yml": ["PULUMI_ACCESS_TOKEN"],
  "rollback.yml": [],
  "drift.yml": ["PULUMI_ACCESS_TOKEN", "GHL_READONLY_TOKEN"],
  "danger-label.yml": [],
};

/** All of these must hold where a pull request's code gets credentials. The author counts and who pushed or labelled, too. */
const TRUSTED: Readonly<Record<string, string>> = {
  "a fork's code": "github.event.pull_request.head.repo.full_name == github.repository",
  "Dependabot's code": "github.event.pull_request.user.login != 'dependabot[bot]'",
  "Dependabot's push": "github.actor != 'dependabot[bot]'",
};

/** Days a release must be out before Dependabot may propose it. */
const COOLDOWN_DAYS = 7;

/** What a stranger can write: never put into a script's text, where it would be run. */
const UNTRUSTED = /\$\{\{[^}]*\b(github\.event\.|github\.head_ref|github\.actor|inputs\.|steps\.)/;

/** What is wrong with a workflow of this repository, as sentences with the file's name. */
export function workflowProblems(workflow: Workflow): string[] {
  const { file, text } = workflow;
  const top = bag(workflow.parsed);
  const jobs = Object.entries(bag(top.jobs));
  const problems = [
    ...pins(text),
    ...triggers(file, bag(top.on)),
    ...topPermissions(top.permissions),
    ...secretsOf(file, text),
    ...jobs.flatMap(([name, job]) => [
      ...ofJob(file, name, bag(job)),
      ...ofSteps(name, items(bag(job).steps).map(bag)),
    ]),
    ...concurrency(file, top.concurrency),
    ...(file === "preview.yml" ? collector(bag(bag(top.jobs).previewed)) : []),
    ...(jobs.length === 0 ? ["has no jobs"] : []),
  ];
  return problems.map((problem) => `${file}: ${problem}`);
}

/** A tag can be moved to other code; a commit can't. The comment says which release it is. */
function pins(text: string): string[] {
  return [...text.matchAll(/^\s*(?:-\s+)?uses:\s*(.*)$/gm)]
    .map(([, used = ""]) => used.trim())
    .filter((used) => !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used))
    .map((used) => `"${used}" is not pinned; write owner/name@<40 digits of the commit> # v1.2.3`);
}

function triggers(file: string, on: Bag): string[] {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    "preview.yml": ["pull_request"],
    "deploy.yml": ["push", "workflow_dispatch"],
    "rollback.yml": ["workflow_dispatch"],
    "drift.yml": ["schedule", "workflow_dispatch"],
    "danger-label.yml": ["pull_request"],
  };
  const wrong = Object.keys(on).filter((event) => !allowed[file]?.includes(event));
  return [
    // pull_request_target would run a stranger's code with our credentials.
    ...wrong.map((event) => `runs on ${event}; only ${allowed[file]?.join(", ") ?? "nothing"} is meant`),
    ...(file === "deploy.yml" && JSON.stringify(bag(on.push).branches) !== '["main"]'
      ? ["deploys other branches than main"]
      : []),
  ];
}

function topPermissions(permissions: unknown): string[] {
  return JSON.stringify(permissions) === '{"contents":"read"}'
    ? []
    : ["set the permissions of the whole file to contents: read; a job that needs more says so itself"];
}

function secretsOf(file: string, text: string): string[] {
  const used = [...text.matchAll(/\bsecrets(?:\.(\w+)|\[)/g)].map(([whole, name]) => name ?? whole);
  return [...new Set(used)]
    .filter((name) => !SECRETS[file]?.includes(name))
    .map((name) => `uses the secret ${name}, which it must not see`);
}

function ofJob(file: string, name: string, job: Bag): string[] {
  const problems: string[] = [];
  if (typeof job["timeout-minutes"] !== "number") problems.push(`job ${name} has no timeout-minutes`);
  const rights = Object.entries(bag(job.permissions)).map(([what, level]) => `${what}: ${String(level)}`);
  const wrong = rights.filter((right) => right !== "contents: read" && !GRANTED[file]?.includes(right));
  problems.push(...wrong.map((right) => `job ${name} may not have ${right}`));
  if (typeof job.permissions === "string") problems.push(`job ${name}: list its permissions`);
  if (!rights.includes("id-token: write")) return problems;
  // Whoever can get credentials is held by an environment: its settings say which branches and whose approval.
  const environment = String(job.environment ?? "");
  const wanted: Readonly<Record<string, RegExp>> = {
    "preview.yml": /^preview-\$\{\{ matrix\.stack \}\}$/,
    "drift.yml": /^preview-\$\{\{ matrix\.stack \}\}$/,
    "deploy.yml": new RegExp(`^${name}$`),
    "rollback.yml": /^rollback-\$\{\{ inputs\.stack \}\}$/,
  };
  if (!wanted[file]?.test(environment)) problems.push(`job ${name} gets credentials outside its environment`);
  if (file === "preview.yml") {
    // Joined by && only: of an "or" each side would have to be read.
    const conditions = String(job.if ?? "").split(" && ");
    const open = Object.entries(TRUSTED).filter(([, condition]) => !conditions.includes(condition));
    problems.push(...open.map(([whose]) => `job ${name} would give credentials to ${whose}`));
  }
  if (file === "deploy.yml") problems.push(...ofUpdate(name, job));
  return problems;
}

/** The check that branch rules require: a matrix that is skipped reports none, and a required job that is skipped has passed. */
function collector(job: Bag): string[] {
  return job.if === "always()" && job.needs === "preview"
    ? []
    : ["job previewed must need preview and run always(): a preview that was skipped would count as passed"];
}

/** What is wrong with `.github/dependabot.yml`, parsed, as sentences. */
export function dependabotProblems(parsed: unknown): string[] {
  return items(bag(parsed).updates)
    .map(bag)
    .filter(({ cooldown }) => !(Number(bag(cooldown)["default-days"]) >= COOLDOWN_DAYS))
    .map((update) => {
      const which = String(update["package-ecosystem"]);
      return `dependabot.yml: ${which} takes releases of the day; set cooldown: default-days: ${COOLDOWN_DAYS}`;
    });
}

/** An update of a stack, named as the job: alone, never cut off, and production only after what may break first. */
function ofUpdate(name: string, { concurrency: alone, needs, strategy }: Bag): string[] {
  const { group, "cancel-in-progress": cancel } = bag(alone);
  return [
    ...(group === `deploy-${name}` && cancel === false
      ? []
      : [`job ${name}: updates could run at the same time, or be killed halfway`]),
    ...(strategy === undefined ? [] : [`job ${name} updates several stacks`]),
    ...(name === "prod" && needs !== "dev" ? ["job prod does not wait for dev"] : []),
  ];
}

function ofSteps(job: string, steps: readonly Bag[]): string[] {
  return steps.flatMap((step) => {
    const name = `job ${job}, step "${String(step.name ?? step.uses ?? step.run)}"`;
    const inputs = bag(step.with);
    const uses = String(step.uses ?? "");
    const problems: string[] = [];
    if (UNTRUSTED.test(String(step.run ?? ""))) problems.push(`${name} puts a value into its script; pass it by env`);
    if (uses.startsWith("actions/checkout@") && inputs["persist-credentials"] !== false) {
      problems.push(`${name} leaves a token in the folder; set persist-credentials: false`);
    }
    if (uses.startsWith("aws-actions/") && (inputs["role-to-assume"] === undefined || inputs["aws-access-key-id"])) {
      problems.push(`${name} uses a stored key; assume a role by OIDC`);
    }
    const env = bag(step.env);
    if ("CUTOVER_GHL_TOKEN" in env && env.CUTOVER_READ_ONLY !== "1") {
      problems.push(`${name} may fall back on a token that writes; set CUTOVER_READ_ONLY: "1"`);
    }
    if (/\bpulumi\b.* up\b/.test(String(step.run ?? "")) && !/--policy-pack policy\b/.test(String(step.run))) {
      problems.push(`${name} updates without the policy pack`);
    }
    return problems;
  });
}

function concurrency(file: string, value: unknown): string[] {
  const { group } = bag(value);
  switch (file) {
    case "deploy.yml":
      // Each stack's job has its own: a prod that waits for its approval does not hold up dev.
      return value === undefined ? [] : ["one group for all stacks holds up dev; give each job its own"];
    case "rollback.yml":
      return value === undefined ? [] : ["a rollback must wait for nothing; remove concurrency"];
    default:
      return group ? [] : ["set a concurrency group"];
  }
}
