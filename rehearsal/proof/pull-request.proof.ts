import { beforeAll, describe, expect, it } from "vitest";
import type { PullRequestResult } from "./pull-request-play";
import { runProof } from "./run-proof";

type Shown = Omit<PullRequestResult, "previews">;
let result: Shown;

beforeAll(async () => {
  result = await runProof<Shown>("pull-request.ts");
}, 1_800_000);

describe("a deployed stack at parallel", () => {
  it("has nothing to change in a second update, and no policy that stops it", () => {
    const { exitCode, changes, judged, broken } = result.again;
    expect({ exitCode, judged, broken }, changes).toEqual({ exitCode: 0, judged: true, broken: [] });
  });

  it("has the notices before the start and after 8 hours planned", () => {
    expect(Object.keys(result.schedules).sort()).toEqual(
      ["day-before", "progress", "week-before"].map((name) => `cutover-rehearsal-${name}`),
    );
  });
});

describe("the preview workflow's step on a stack at parallel", () => {
  it("says of the next rung what it means, with evidence that passes and policies that do", () => {
    const { exitCode, said, written } = result.stepUp;
    expect(written).toMatch(/^<!-- cutover:rehearsal -->\n## rehearsal: `parallel` → `ramp-25`/);
    expect(written).toMatch(/rises from 10 % to 25 %/);
    expect(written).toMatch(/\*\*Evidence:\*\* PASS/);
    expect(written).toMatch(/### Policies\n\nEvery policy passes\.\n$/);
    expect(exitCode, said).toBe(0);
  });

  it("fails the check for a rung that is skipped, and says what is refused", () => {
    const { exitCode, written } = result.skipped;
    expect(written).toMatch(/\[!CAUTION\][\s\S]*skips a rung/);
    expect(exitCode).toBe(1);
  });

  it("writes nothing: not into GoHighLevel, not into the state", () => {
    expect(result.ghlWrites).toBe(0);
    expect(result.stateUntouched).toBe(true);
    expect(result.worldProblems).toEqual([]);
  });
});

describe("the drift workflow's step", () => {
  it("opens no issue where nothing differs", () => {
    expect(result.drift.none.exitCode).toBe(0);
    expect(result.drift.none.written).toBeUndefined();
    expect(result.gh[0]).toMatch(/^issue list/);
  });

  it("opens one for a setting in AWS and a value in GoHighLevel, named without their values, and closes it", () => {
    const { exitCode, written } = result.drift.some;
    expect(exitCode).toBe(0);
    expect(written).toMatch(/aws:cloudwatch:LogGroup rollback-logs/);
    expect(written).toMatch(/webhook-secret/);
    expect(result.drift.gone.exitCode).toBe(0);
    expect(result.gh.map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
      "issue list",
      "issue list",
      "issue create",
      "issue list",
      "issue close",
    ]);
  });
});

it("no secret of the stack stands in a comment, an issue or a job's log", () => {
  expect(result.secrets.lookedFor).toBeGreaterThan(8);
  expect(result.secrets.foundIn).toEqual([]);
});
