import type { AlarmState } from "./definition";
import { NotSupported } from "./errors";

const TOKEN = /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"([^"]+)"\s*\)|(AND|OR|NOT)\b|([()])|(\S+))/y;

type Token =
  | { readonly kind: "state"; readonly state: AlarmState; readonly name: string }
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "end"; readonly text: string };

/**
 * Whether a composite alarm's rule holds: `ALARM("a") AND (OK("b") OR NOT INSUFFICIENT_DATA("c"))`. NOT binds closest,
 * then AND, then OR. It is in ALARM when the rule holds, else OK.
 *
 * @throws NotSupported for anything else, by name (TRUE, FALSE, AT_LEAST, ARNs without quotes)
 */
export function evaluateComposite(rule: string, stateOf: (name: string) => AlarmState): boolean {
  const tokens = tokensOf(rule);
  let at = 0;
  const peek = () => tokens[at] as Token;
  const takes = (text: string): boolean => {
    const token = peek();
    if (token.kind !== "word" || token.text !== text) return false;
    at++;
    return true;
  };
  const refuse = (token: Token): NotSupported =>
    new NotSupported(
      `Rule "${rule}" has "${"text" in token ? token.text || "its end" : token.state}" in an unexpected place: expected ALARM, OK or INSUFFICIENT_DATA of a quoted name, AND, OR, NOT and parentheses.`,
    );
  const single = (): boolean => {
    if (takes("NOT")) return !single();
    if (takes("(")) {
      const inner = either();
      if (!takes(")")) throw refuse(peek());
      return inner;
    }
    const token = peek();
    if (token.kind !== "state") throw refuse(token);
    at++;
    return stateOf(token.name) === token.state;
  };
  // Both sides are always read, so that an unknown name shows whatever the states are.
  const both = (): boolean => {
    let all = single();
    while (takes("AND")) all = single() && all;
    return all;
  };
  const either = (): boolean => {
    let any = both();
    while (takes("OR")) any = both() || any;
    return any;
  };
  const holds = either();
  if (peek().kind !== "end") throw refuse(peek());
  return holds;
}

/** Names of the alarms that a rule reads. */
export function namesIn(rule: string): string[] {
  return [...new Set(tokensOf(rule).flatMap((token) => (token.kind === "state" ? [token.name] : [])))];
}

function tokensOf(rule: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; ; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(rule);
    if (!match) break;
    const [, state, name, word, bracket, other] = match;
    if (state && name) found.push({ kind: "state", state: state as AlarmState, name });
    else found.push({ kind: "word", text: word ?? bracket ?? other ?? "" });
  }
  return [...found, { kind: "end", text: "" }];
}
