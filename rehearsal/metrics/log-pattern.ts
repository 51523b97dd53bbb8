/** A filter pattern that the rehearsal does not evaluate, or that CloudWatch Logs would refuse. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

/** Whether a log message matches; a message that is no JSON object matches nothing. */
export type Matcher = (message: unknown) => boolean;

/** Where a value is in a JSON message, such as `$.latencyMs` or `$.agents[0].name`. */
export type Selector = (message: unknown) => unknown;

type Token = { readonly kind: "symbol" | "word" | "string" | "selector"; readonly text: string };

const SELECTOR = /^\$(?:\.[A-Za-z_][\w-]*|\[\d+\])+/;
const SYMBOL = /^(?:&&|\|\||!=|<=|>=|=|<|>|\(|\))/;
const WORD = /^[\w.*+-]+/;
const STRING = /^"((?:[^"\\]|\\.)*)"/;
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Reads a JSON filter pattern: `{ ($.event = "x") && ($.synthetic IS FALSE) }`. Known are `=`, `!=`, `<`, `<=`, `>`,
 * `>=` with strings (`*` as wildcard) and numbers, `IS TRUE|FALSE|NULL`, `NOT EXISTS`, `&&`, `||` and parentheses
 * (vendor page "Filter pattern syntax for metric filters").
 * @throws PatternError for everything else, naming it
 */
export function parsePattern(pattern: string): Matcher {
  const inner = /^\s*\{([\s\S]*)\}\s*$/.exec(pattern)?.[1];
  if (inner === undefined) {
    throw new PatternError(`filter pattern ${pattern}: only JSON patterns in braces are part of the rehearsal`);
  }
  return new Parser(tokens(inner, pattern), pattern).parse();
}

/** @throws PatternError for anything but a JSON selector */
export function parseSelector(text: string): Selector {
  if (SELECTOR.exec(text)?.[0] !== text) throw new PatternError(`${text} is no selector such as $.latencyMs`);
  const steps = [...text.matchAll(/\.([A-Za-z_][\w-]*)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
  return (message) => {
    let at: unknown = message;
    for (const step of steps) {
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
      at = (at as Record<string | number, unknown>)[step];
    }
    return at;
  };
}

function tokens(text: string, pattern: string): Token[] {
  const found: Token[] = [];
  let rest = text.trimStart();
  const take = (kind: Token["kind"], match: RegExpExecArray | null) => {
    if (!match) return false;
    found.push({ kind, text: match[1] ?? match[0] });
    rest = rest.slice(match[0].length).trimStart();
    return true;
  };
  while (rest) {
    const known =
      take("selector", SELECTOR.exec(rest)) ||
      take("string", STRING.exec(rest)) ||
      take("symbol", SYMBOL.exec(rest)) ||
      take("word", WORD.exec(rest));
    if (!known)
      throw new PatternError(`filter pattern ${pattern}: "${rest.slice(0, 20)}" is not part of the rehearsal`);
  }
  return found;
}

class Parser {
  #at = 0;

  constructor(
    private readonly all: readonly Token[],
    private readonly pattern: string,
  ) {}

  parse(): Matcher {
    const matcher = this.#any();
    if (this.#at < this.all.length) this.#fail("the end");
    return (message) => typeof message === "object" && message !== null && matcher(message);
  }

  #any(): Matcher {
    const parts = [this.#every()];
    while (this.#skip("||")) parts.push(this.#every());
    return parts.length === 1 ? (parts[0] as Matcher) : (message) => parts.some((part) => part(message));
  }

  #every(): Matcher {
    const parts = [this.#one()];
    while (this.#skip("&&")) parts.push(this.#one());
    return parts.length === 1 ? (parts[0] as Matcher) : (message) => parts.every((part) => part(message));
  }

  #one(): Matcher {
    if (this.#skip("(")) {
      const inside = this.#any();
      if (!this.#skip(")")) this.#fail(")");
      return inside;
    }
    const token = this.#next();
    if (token?.kind !== "selector") return this.#fail("a selector such as $.event", token);
    return this.#condition(parseSelector(token.text));
  }

  #condition(select: Selector): Matcher {
    const token = this.#next();
    if (token?.kind === "symbol") return this.#comparison(select, token.text);
    if (isWord(token, "IS")) {
      const word = this.#next();
      if (isWord(word, "TRUE")) return (message) => select(message) === true;
      if (isWord(word, "FALSE")) return (message) => select(message) === false;
      if (isWord(word, "NULL")) return (message) => select(message) === null;
      return this.#fail("TRUE, FALSE or NULL", word);
    }
    if (isWord(token, "NOT")) {
      const word = this.#next();
      if (isWord(word, "EXISTS")) return (message) => select(message) === undefined;
      return this.#fail("EXISTS", word);
    }
    return this.#fail("a comparison, IS or NOT EXISTS", token);
  }

  #comparison(select: Selector, operator: string): Matcher {
    const token = this.#next();
    if (token?.kind !== "string" && token?.kind !== "word") return this.#fail("a string or number", token);
    if (token.kind === "word" && NUMBER.test(token.text)) {
      const wanted = Number(token.text);
      const holds = NUMERIC[operator];
      if (!holds) return this.#fail("=, !=, <, <=, > or >=", { kind: "symbol", text: operator });
      return (message) => {
        const value = select(message);
        return typeof value === "number" && holds(value, wanted);
      };
    }
    const equals = wildcard(token.text);
    if (operator !== "=" && operator !== "!=") return this.#fail("a number after <, <=, > or >=", token);
    return (message) => {
      const value = select(message);
      return typeof value === "string" && equals.test(value) === (operator === "=");
    };
  }

  #next(): Token | undefined {
    return this.all[this.#at++];
  }

  #skip(symbol: string): boolean {
    const token = this.all[this.#at];
    if (token?.kind !== "symbol" || token.text !== symbol) return false;
    this.#at++;
    return true;
  }

  #fail(expected: string, found: Token | undefined = this.all[this.#at]): never {
    throw new PatternError(`filter pattern ${this.pattern}: expected ${expected}, found ${found?.text ?? "the end"}`);
  }
}

const NUMERIC: Readonly<Record<string, (value: number, wanted: number) => boolean>> = {
  "=": (value, wanted) => value === wanted,
  "!=": (value, wanted) => value !== wanted,
  "<": (value, wanted) => value < wanted,
  "<=": (value, wanted) => value <= wanted,
  ">": (value, wanted) => value > wanted,
  ">=": (value, wanted) => value >= wanted,
};

const isWord = (token: Token | undefined, text: string) => token?.kind === "word" && token.text.toUpperCase() === text;

/** `*` stands for any characters; everything else is literal. */
function wildcard(text: string): RegExp {
  const parts = text.replace(/\\(.)/g, "$1").split("*");
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[\\s\\S]*")}$`);
}
