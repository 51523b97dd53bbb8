import { describe, expect, it } from "vitest";
import { HelpAsked, parseArguments } from "./arguments";
import { UsageError } from "./errors";

const NOTHING = { phases: undefined, fault: undefined, keep: false, port: undefined, json: false };

describe("parseArguments", () => {
  it("plays everything where nothing is asked, also with the empty variables that make passes on", () => {
    expect(parseArguments([], {})).toEqual(NOTHING);
    expect(parseArguments([], { KEEP: "", PHASES: "", PORT: "" })).toEqual(NOTHING);
    expect(parseArguments([], { KEEP: "0" })).toEqual(NOTHING);
  });

  it("reads options and variables; options win", () => {
    expect(parseArguments([], { KEEP: "1", PHASES: "prepare", PORT: "8443" })).toEqual({
      phases: "prepare",
      keep: true,
      port: 8443,
      json: false,
    });
    expect(parseArguments(["--port", "9000", "--json"], { PORT: "8443" })).toMatchObject({ port: 9000, json: true });
  });

  it.each([
    [["--port", "x"], {}, 'found "x"'],
    [["--port", "70000"], {}, "from 1 to 65535"],
    [[], { PORT: "http" }, 'PORT="http" is no port'],
    [[], { KEEP: "maybe" }, 'KEEP="maybe" is neither yes nor no'],
    [["--keeep"], {}, "unknown option"],
    [["parallel"], {}, "too many arguments"],
  ])("refuses %j with %j", (args, env, text) => {
    const parse = () => parseArguments(args, env);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(text);
  });

  it("answers --help with examples", () => {
    const parse = () => parseArguments(["--help"], {});
    expect(parse).toThrow(HelpAsked);
    expect(parse).toThrow(/make rehearse KEEP=1/);
  });
});
