import { comment } from "@cutover/domain/explain/comment";
import { explain } from "@cutover/domain/explain/explain";
import { sample } from "@cutover/domain/explain/samples";
import { previewText, said, warning } from "@cutover/domain/explain/testkit";
import { describe, expect, it } from "vitest";
import { explainCommand } from "./explain";

const DANGER = sample("dangerous-replacement").preview;
const HARMLESS = sample("step-up");

function run(args: readonly string[], files: Readonly<Record<string, string>> = {}, stdin = "") {
  const [out, err]: [string[], string[]] = [[], []];
  const read = (file: string) => {
    const text = files[file];
    if (text !== undefined) return text;
    throw Object.assign(new Error("ENOENT"), { code: "ENOENT", syscall: "open", path: file });
  };
  const code = explainCommand(args, {
    write: (text) => void out.push(text),
    complain: (text) => void err.push(text),
    read,
    stdin: () => stdin,
  });
  return { code, out: out.join(""), err: err.join("") };
}

describe("cutover explain", () => {
  it("writes the comment of a file, with evidence", () => {
    const files = { "preview.json": HARMLESS.preview, "next.json": HARMLESS.evidence ?? "" };
    const { code, out, err } = run(["preview.json", "--evidence", "next.json"], files);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(comment(explain({ preview: HARMLESS.preview, evidence: HARMLESS.evidence })));
    expect(out).toContain("**Evidence:** PASS");
  });

  it("--evidence-unavailable says that nobody could look, and not that nobody asked", () => {
    const { out } = run(["--evidence-unavailable"], {}, HARMLESS.preview);
    expect(out).toContain("**Evidence:** none for this step: it could not be read (the job's log says why).");
    expect(out).not.toContain("none was given");
  });

  it("--log writes what the preview said, with hidden secrets, and no comment", () => {
    const preview = previewText({
      from: { phase: "ramp-25", share: 25 },
      to: { phase: "ramp-25", share: 25 },
      config: { "cutover:ghl": '{"token":"planted-token-value-1"}' },
      diagnostics: [
        warning("certificate not issued for planted-token-value-1"),
        said("Migrations are left for the next update that raises the share: no route to host"),
        {
          urn: "urn:pulumi:prod::cutover::a$aws:lb/loadBalancer:LoadBalancer::traffic",
          message: "error: denied",
          severity: "error",
        },
      ],
    });
    const { code, out } = run(["--log"], {}, preview);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "warning: certificate not issued for [hidden]",
      "info: Migrations are left for the next update that raises the share: no route to host",
      "error (aws:lb/loadBalancer:LoadBalancer traffic): denied",
      "",
    ]);
    expect(run(["--log"], {}, "no preview").code).toBe(2);
  });

  it("reads standard input and ends with 1 where there is a danger, the comment written all the same", () => {
    const { code, out } = run([], {}, DANGER);
    expect(code).toBe(1);
    expect(out).toContain("[!CAUTION]");
    expect(run(["-"], {}, DANGER).out).toBe(out);
  });

  it("gives the same as data", () => {
    const { code, out } = run(["--json"], {}, DANGER);
    expect(code).toBe(1);
    const codes = (JSON.parse(out) as { headlines: { code: string }[] }).headlines.map((one) => one.code);
    expect(codes).toEqual(["node-capacity", "replaced", "deleted", "looser-trigger", "plain-secret"]);
  });

  it("says which commit was previewed, where it was told", () => {
    const sha = "0123456789abcdef0123456789abcdef01234567";
    const { code, out } = run(["--commit", sha], {}, HARMLESS.preview);
    expect(code).toBe(0);
    expect(out).toContain("from `pulumi preview` of commit 0123456789ab; no value");
    expect(run([], {}, HARMLESS.preview).out).not.toContain("of commit");
    expect(JSON.parse(run(["--json", "--commit", sha], {}, HARMLESS.preview).out)).toMatchObject({
      commit: "0123456789ab",
    });
  });

  it("keeps to a length", () => {
    expect(run(["--max-length", "1500"], {}, DANGER).out.length).toBeLessThanOrEqual(1500);
  });

  it.each<[string, readonly string[], string, RegExp]>([
    ["nothing", [], "", /found nothing/],
    ["text", [], "error: no stack selected sk-0123456789abcdef", /no single JSON value/],
    ["the engine's stream of events", [], '{"sequence":1}\n{"sequence":2}', /PULUMI_ENABLE_STREAMING_JSON_PREVIEW/],
    ["other JSON", [], "{}", /without a list of "steps"/],
    ["a preview without steps", [], '{"steps":[]}', /found no step/],
    ["a missing file", ["gone.json"], "", /gone\.json can't be read \(ENOENT\)/],
    ["a wrong length", ["--max-length", "10"], DANGER, /at least 500/],
    ["no commit's hash", ["--commit", "main; rm"], DANGER, /expected a commit's hash, 7 to 64/],
    ["an empty commit", ["--commit", ""], DANGER, /expected a commit's hash/],
    ["an unknown option", ["--post"], DANGER, /unknown option/],
  ])("refuses %s with 2, and writes no comment", (_what, args, stdin, says) => {
    const { code, out, err } = run(args, {}, stdin);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(says);
    expect(err).not.toContain("sk-0123456789abcdef");
  });

  it("refuses an evidence file that is something else", () => {
    const { code, err } = run(["p", "--evidence", "e"], { p: HARMLESS.preview, e: '{"a":1}' });
    expect(code).toBe(2);
    expect(err).toMatch(/cutover next --json/);
  });

  it("has help with examples and exit codes", () => {
    const { code, out } = run(["--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/Exit code: 0 explained[\s\S]*pulumi preview --json --stack prod/);
    expect(out).toContain("--evidence next.json > comment.md");
  });
});
