import type { RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";

/**
 * The emulator knows no regular expressions in a rule's conditions (it fails with an HTML page). They are kept there as
 * ordinary values with this mark, which only the gateway writes and takes away again; the load balancer reads it, too.
 */
const MARK = "regex:";

/** AWS's limit of one expression; the emulator counts the mark as well and so refuses the last six characters of it. */
export const REGEX_LENGTH = 128;

/** One value of a condition in a form-encoded call: which condition, within which config ("" = beside it), its number. */
const REGEX_KEY = /^(Conditions\.member\.\d+)\.(\w+Config\.)?RegexValues\.member\.(\d+)$/;

const CONFIGS: Readonly<Record<string, string>> = {
  "host-header": "HostHeaderConfig.",
  "http-header": "HttpHeaderConfig.",
  "path-pattern": "PathPatternConfig.",
};

/** Words expressions of CreateRule and ModifyRule as values that the emulator keeps. */
export function markRegexes(params: URLSearchParams): URLSearchParams {
  const marked = new URLSearchParams();
  for (const [key, value] of params) {
    const [, condition, config, at] = REGEX_KEY.exec(key) ?? [];
    const into = config ?? CONFIGS[params.get(`${condition}.Field`) ?? ""];
    if (condition && into) marked.append(`${condition}.${into}Values.member.${at}`, `${MARK}${value}`);
    else marked.append(key, value);
  }
  return marked;
}

/** Gives the expressions back in the emulator's answer, where AWS has them. */
export function unmarkRegexes(answer: Buffer): Buffer {
  const text = answer.toString("utf8");
  if (!text.includes(`>${MARK}`)) return answer;
  const marked = new RegExp(`<Values>((?:\\s*<member>${MARK}[^<]*</member>)+\\s*)</Values>`, "g");
  return Buffer.from(
    text.replaceAll(marked, (_all, members: string) => {
      return `<RegexValues>${members.replaceAll(`>${MARK}`, ">")}</RegexValues>`;
    }),
  );
}

/** Values and expressions of a condition, as the emulator keeps them and as AWS says them. */
export function valuesOf(config: Pick<RuleCondition, "Values" | "RegexValues"> | undefined, beside: RuleCondition) {
  const all = config?.Values ?? beside.Values ?? [];
  const expressions = config?.RegexValues ?? beside.RegexValues ?? [];
  return {
    values: all.filter((value) => !value.startsWith(MARK)),
    regexValues: [
      ...expressions,
      ...all.filter((value) => value.startsWith(MARK)).map((value) => value.slice(MARK.length)),
    ],
  };
}
