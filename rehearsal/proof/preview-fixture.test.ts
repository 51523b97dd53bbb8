import { describe, expect, it } from "vitest";
import { previewFixture } from "./preview-fixture";

const urn = (type: string) => `urn:pulumi:rehearsal::cutover::${type}::x`;
const PREVIEW = {
  config: {
    "cutover:ghl": '{"baseUrl":"http://127.0.0.1:35129"}',
    "cutover:node": '{"repository":"/home/me/cutover/.rehearsal/run-1/node-service"}',
  },
  duration: 12,
  steps: [
    {
      op: "same",
      urn: urn("pulumi:pulumi:Stack"),
      oldState: { urn: urn("pulumi:pulumi:Stack"), type: "pulumi:pulumi:Stack", outputs: { phase: "parallel" } },
    },
    { op: "same", urn: urn("aws:sns/topic:Topic"), oldState: { inputs: {} } },
    {
      op: "update",
      urn: urn("aws:sns/topic:Topic"),
      oldState: { type: "aws:sns/topic:Topic", inputs: { name: "a" }, outputs: { name: "a", owner: "1" }, parent: "p" },
      newState: { type: "aws:sns/topic:Topic", inputs: { name: 'planted "secret" & more, planted' }, outputs: {} },
      detailedDiff: { name: { kind: "update" } },
    },
  ],
};

describe("a preview as a fixture", () => {
  const fixture = previewFixture(JSON.stringify(PREVIEW), ["planted", 'planted "secret" & more']);
  const read = JSON.parse(fixture) as typeof PREVIEW;

  it("keeps what changes, as declared, and what is applied", () => {
    expect(read.steps.map(({ op, urn }) => `${op} ${urn.split("::")[2]}`)).toEqual([
      "same pulumi:pulumi:Stack",
      "update aws:sns/topic:Topic",
    ]);
    expect(read.steps[0]?.oldState).toMatchObject({ outputs: { phase: "parallel" } });
    expect(read.steps[1]?.oldState).toEqual({ type: "aws:sns/topic:Topic", inputs: { name: "a" } });
    expect(read.steps[1]?.detailedDiff).toEqual({ name: { kind: "update" } });
  });

  it("holds no secret, the longest first, no port, folder and duration of one run", () => {
    expect(read.steps[1]?.newState?.inputs).toEqual({ name: "[secret], [secret]" });
    expect(read.config).toEqual({
      "cutover:ghl": '{"baseUrl":"http://127.0.0.1:8080"}',
      "cutover:node": '{"repository":"/srv/node-service"}',
    });
    expect(read).not.toHaveProperty("duration");
  });
});
