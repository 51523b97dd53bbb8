import ts from "typescript";

/** One source file of this project. */
export interface SourceFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** A broken rule: where, and what to do. */
export interface Problem {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

interface LineLimit {
  readonly match: RegExp;
  readonly lines: number;
  readonly advice: string;
}

/** The first limit whose pattern matches a file applies. */
const FILE_LIMITS: readonly LineLimit[] = [
  { match: /^index\.ts$/, lines: 80, advice: "index.ts only observes, decides and declares" },
  {
    match: /^functions\/.*\.ts$/,
    lines: 60,
    advice: "a function's entry point only wires clients and domain together",
  },
  { match: /\.(ts|mts|mjs|cjs|py|sh)$/, lines: 400, advice: "split it by subject" },
];

/** Longest function outside tests, in lines from its first to its last. */
const FUNCTION_LIMIT = 60;

/** Packages whose values a provider may import at the top: everything else would end up in the state, with its text. */
const PROVIDER_VALUES = new Set(["@pulumi/pulumi"]);

const isTest = (path: string) => /\.(test|proof)\.ts$/.test(path);

/** What the import rules can't see: file and function lengths, the providers' imports, clock and environment in domain. */
export function structureProblems(file: SourceFile): Problem[] {
  const problems = fileLength(file);
  if (!/\.m?ts$/.test(file.path)) return problems;
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true);
  const at = (node: ts.Node, message: string): Problem => ({
    path: file.path,
    line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
    message,
  });
  if (isTest(file.path)) return problems;
  if (file.path.startsWith("providers/")) problems.push(...providerImports(source, at));
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) problems.push(...functionLength(node, source, at));
    if (file.path.startsWith("domain/src/")) problems.push(...impurity(node, at));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
}

type At = (node: ts.Node, message: string) => Problem;

function fileLength({ path, text }: SourceFile): Problem[] {
  if (isTest(path)) return [];
  const limit = FILE_LIMITS.find(({ match }) => match.test(path));
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (!limit || lines <= limit.lines) return [];
  return [{ path, line: limit.lines + 1, message: `${lines} lines, at most ${limit.lines}: ${limit.advice}` }];
}

function functionLength(node: ts.SignatureDeclaration, source: ts.SourceFile, at: At): Problem[] {
  const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
  const lines = source.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1;
  if (lines <= FUNCTION_LIMIT) return [];
  const name = node.name ? `function ${node.name.getText(source)}` : "function";
  return [at(node, `${name} has ${lines} lines, at most ${FUNCTION_LIMIT}: name its parts and call them`)];
}

function providerImports(source: ts.SourceFile, at: At): Problem[] {
  return source.statements.flatMap((statement) => {
    const from = valueImport(statement);
    if (from === undefined || PROVIDER_VALUES.has(from)) return [];
    const advice = "use `import type` and require it inside the method, so that its text stays out of the state";
    return [at(statement, `imports a value from "${from}" at the top: ${advice}`)];
  });
}

/** The module a top-level statement takes a value from, or undefined. */
function valueImport(statement: ts.Statement): string | undefined {
  if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
    const clause = statement.importClause;
    const named = clause?.namedBindings;
    const onlyTypes =
      clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
      (!clause?.name && named && ts.isNamedImports(named) && named.elements.every((element) => element.isTypeOnly));
    return onlyTypes ? undefined : statement.moduleSpecifier.text;
  }
  if (ts.isExportDeclaration(statement) && statement.moduleSpecifier && ts.isStringLiteral(statement.moduleSpecifier)) {
    return statement.isTypeOnly ? undefined : statement.moduleSpecifier.text;
  }
  if (!ts.isVariableStatement(statement)) return undefined;
  for (const { initializer } of statement.declarationList.declarations) {
    const required = initializer && requiredModule(initializer);
    if (required !== undefined) return required;
  }
  return undefined;
}

/** The argument of `require("…")`, also behind `as`, brackets and property access. */
function requiredModule(node: ts.Expression): string | undefined {
  if (ts.isAsExpression(node) || ts.isPropertyAccessExpression(node) || ts.isParenthesizedExpression(node)) {
    return requiredModule(node.expression);
  }
  if (!ts.isCallExpression(node) || node.expression.getText() !== "require") return undefined;
  const [argument] = node.arguments;
  return argument && ts.isStringLiteral(argument) ? argument.text : undefined;
}

const IMPURE_CALLS = new Set(["Date.now", "Math.random", "performance.now", "fetch", "setTimeout", "setInterval"]);

/** Clock, chance, environment and outside world in domain: all of them are arguments there. */
function impurity(node: ts.Node, at: At): Problem[] {
  if (ts.isCallExpression(node) && IMPURE_CALLS.has(node.expression.getText())) {
    return [at(node, `domain calls ${node.expression.getText()}: take the value as an argument`)];
  }
  if (ts.isNewExpression(node) && node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0) {
    return [at(node, "domain reads the clock by `new Date()`: take the time as an argument")];
  }
  if (ts.isPropertyAccessExpression(node) && node.expression.getText() === "process") {
    return [at(node, `domain uses process.${node.name.text}: take the value as an argument`)];
  }
  if (ts.isImportDeclaration(node) && node.moduleSpecifier.getText() === '"node:crypto"') {
    const names = node.importClause?.namedBindings;
    const hashingOnly = names && ts.isNamedImports(names) && names.elements.every((e) => e.name.text === "createHash");
    return hashingOnly ? [] : [at(node, "domain may take only createHash from node:crypto: the rest is chance")];
  }
  return [];
}
