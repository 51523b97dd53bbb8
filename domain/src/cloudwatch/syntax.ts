import { NotSupported } from "./errors";

/** What operators there are, in CloudWatch's spelling; `&&` and `||` become AND and OR. */
export type Operator = "+" | "-" | "*" | "/" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "AND" | "OR";

/** A metric maths expression, parsed. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  /** The id of another query. */
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "minus"; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | undefined;
    }
  | { readonly kind: "fill"; readonly of: Expression; readonly value: number };

interface Token {
  readonly kind: "number" | "word" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
}

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(==|!=|<=|>=|&&|\|\||[-+*/<>(),])|(\S))/y;

/** Weakest first; operators of one row bind from the left. */
const LEVELS: readonly (readonly Operator[])[] = [
  ["OR"],
  ["AND"],
  ["==", "!=", "<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "/"],
];

const SPELLINGS: Readonly<Record<string, string>> = { "&&": "AND", "||": "OR" };

/**
 * Parses what our definitions use of metric maths: numbers, ids, `+ - * /`, comparisons, AND, OR, parentheses, IF and
 * FILL with a number.
 *
 * @throws NotSupported for any other function or sign, by name
 */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text);
  return parser.whole();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokens(text);
  }

  whole(): Expression {
    const expression = this.#level(0);
    const rest = this.#next();
    if (rest.kind !== "end") throw this.#refuse(`"${rest.text}" where the expression should end`, rest);
    return expression;
  }

  #level(level: number): Expression {
    const operators = LEVELS[level];
    if (!operators) return this.#unary();
    let left = this.#level(level + 1);
    for (;;) {
      const operator = operators.find((one) => one === SPELLINGS[this.#peek().text] || one === this.#peek().text);
      if (!operator) return left;
      this.#next();
      left = { kind: "binary", operator, left, right: this.#level(level + 1) };
    }
  }

  #unary(): Expression {
    return this.#accept("-") ? { kind: "minus", of: this.#unary() } : this.#primary();
  }

  #primary(): Expression {
    const token = this.#next();
    if (token.kind === "number") return { kind: "number", value: Number(token.text) };
    if (token.kind === "symbol" && token.text === "(") {
      const inner = this.#level(0);
      this.#take(")");
      return inner;
    }
    if (token.kind !== "word") throw this.#refuse(token.kind === "end" ? "its end" : `"${token.text}"`, token);
    if (this.#peek().text === "(") return this.#call(token);
    if (!/^[a-z]/.test(token.text)) throw this.#refuse(`"${token.text}"`, token);
    return { kind: "id", id: token.text };
  }

  #call(name: Token): Expression {
    if (name.text !== "IF" && name.text !== "FILL") throw this.#refuse(`function ${name.text}`, name);
    this.#take("(");
    const first = this.#level(0);
    this.#take(",");
    if (name.text === "FILL") {
      const value = this.#number();
      this.#take(")");
      return { kind: "fill", of: first, value };
    }
    const then = this.#level(0);
    const otherwise = this.#accept(",") ? this.#level(0) : undefined;
    this.#take(")");
    return { kind: "if", condition: first, then, otherwise };
  }

  /** FILL's second argument: REPEAT, LINEAR and series are not used. */
  #number(): number {
    const sign = this.#accept("-") ? -1 : 1;
    const token = this.#next();
    if (token.kind !== "number") throw this.#refuse(`FILL with "${token.text}"`, token);
    return sign * Number(token.text);
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }

  #accept(symbol: string): boolean {
    const there = this.#peek().text === symbol;
    if (there) this.#next();
    return there;
  }

  #take(symbol: string): void {
    const token = this.#next();
    if (token.text !== symbol) throw this.#refuse(`"${token.text}" where "${symbol}" should be`, token);
  }

  #refuse(what: string, { at }: Token): NotSupported {
    return new NotSupported(
      `Expression "${this.#text}" has ${what} (character ${at + 1}). Evaluated are numbers, ids, + - * /, comparisons, AND, OR, IF and FILL with a number.`,
    );
  }
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; ; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) break;
    const [, number, word, symbol, other] = match;
    const kind = number ? "number" : word ? "word" : "symbol";
    found.push({ kind, text: number ?? word ?? symbol ?? other ?? "", at });
  }
  found.push({ kind: "end", text: "", at: text.length });
  return found;
}

/** Ids that an expression reads, each once. */
export function idsIn(expression: Expression): readonly string[] {
  const found = new Set<string>();
  const visit = (one: Expression | undefined): void => {
    if (!one) return;
    if (one.kind === "id") found.add(one.id);
    if (one.kind === "minus" || one.kind === "fill") visit(one.of);
    if (one.kind === "binary") [one.left, one.right].forEach(visit);
    if (one.kind === "if") [one.condition, one.then, one.otherwise].forEach(visit);
  };
  visit(expression);
  return [...found];
}
