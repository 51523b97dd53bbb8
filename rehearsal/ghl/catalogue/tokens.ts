import { TOKENS } from "../tokens";
import { adopted, asFound, moved, OURS, ours, type Scenario, TODAY } from "./scenario";

const NEW_TOKEN = "pit-7b7b7b7b-0000-4000-8000-000000rotated";

/** Three kinds of 401, and tokens that change. */
export const TOKEN_CASES: readonly Scenario[] = [
  {
    mode: "401, unknown token",
    play: (lab, ghl) => {
      lab.config.token = "pit-00000000-0000-4000-8000-00000unknown";
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads: /does not know the token.*Private Integrations.*config set --secret --path 'cutover:ghl\.token'/,
    holds: undefined,
    writes: 0,
  },
  {
    mode: "401, token without the write scope",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      lab.config.token = TOKENS.readonly;
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /updating custom value.*lacks the scope locations\/customValues\.write/,
    holds: TODAY,
    writes: 1,
    remembers: TODAY,
  },
  {
    mode: "401, agency token",
    play: (lab, ghl) => {
      lab.config.token = TOKENS.agency;
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads: /lacks the scope locations\/customValues\.readonly.*agency token/,
    holds: undefined,
    writes: 0,
  },
  {
    mode: "401, token of another location",
    play: (lab, ghl) => {
      lab.config.token = TOKENS.otherLocation;
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads: /another location gets this error too/,
    holds: undefined,
    writes: 0,
  },
  {
    mode: "401, API version retired",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      ghl.fail(
        { times: Number.POSITIVE_INFINITY },
        { kind: "status", status: 401, message: "version header is invalid" },
      );
      return lab.up(ours(ghl));
    },
    ok: false,
    reads: /refused the API version, not the token/,
    holds: TODAY,
    writes: 0,
  },
  {
    mode: "token revoked in the middle of an up, then rotated",
    play: async (lab, ghl) => {
      await adopted(lab, ghl);
      const revoke = () => ghl.rotateToken(TOKENS.write, NEW_TOKEN);
      ghl.fail({ method: "PUT" }, { kind: "meanwhile", run: revoke });
      const first = await lab.up(ours(ghl));
      if (first.ok || !/does not know the token/.test(first.read)) throw new Error("the revoked token went unnoticed");
      lab.config.token = NEW_TOKEN;
      return lab.up(ours(ghl));
    },
    ok: true,
    holds: OURS,
    remembers: TODAY,
  },
  {
    mode: "token rotated before a destroy",
    play: async (lab, ghl) => {
      await moved(lab, ghl);
      ghl.rotateToken(TOKENS.write, NEW_TOKEN);
      const first = await lab.destroy();
      if (first.ok) throw new Error("the old token still works");
      lab.config.token = NEW_TOKEN;
      return lab.destroy();
    },
    ok: true,
    holds: TODAY,
    remembers: "no state",
  },
  {
    mode: "token with a line break in it",
    play: (lab, ghl) => {
      lab.config.token = "pit-5a0d3c1e-0000\n4000";
      return lab.up(asFound(ghl));
    },
    ok: false,
    reads: /cutover:ghl\.token is empty or has spaces or line breaks/,
    holds: undefined,
    writes: 0,
  },
];
