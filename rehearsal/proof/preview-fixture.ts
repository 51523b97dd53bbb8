type Json = Readonly<Record<string, unknown>>;

/**
 * A preview of the engine as a fixture, one step a line: without the stack's secrets, ports, folders and resources that stay the same,
 * and of states only what was declared. The stack itself keeps its outputs: they say what is applied.
 */
export function previewFixture(text: string, secrets: readonly string[]): string {
  const preview = JSON.parse(text) as { readonly steps?: readonly Json[] } & Json;
  const steps = (preview.steps ?? []).filter(({ op, urn }) => op !== "same" || isRoot(urn)).map(shorter);
  const { duration: _time, steps: _all, ...rest } = preview;
  const lines = steps.map((step) => JSON.stringify(step)).join(",\n");
  const whole = `${JSON.stringify({ ...rest, steps: [] }).slice(0, -"[]}".length)}[\n${lines}\n]}`;
  const hidden = [...secrets]
    .sort((a, b) => b.length - a.length)
    .reduce((all, secret) => all.replaceAll(JSON.stringify(secret).slice(1, -1), "[secret]"), whole);
  const elsewhere = hidden.replaceAll(/\/[^"\\ ]*\/\.rehearsal\/[^"\\/ ]+/g, "/srv");
  return `${elsewhere.replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:8080")}\n`;
}

function isRoot(urn: unknown): boolean {
  return /::(pulumi:pulumi:Stack|cutover:index:Cutover)::/.test(String(urn));
}

function shorter(step: Json): Json {
  const stack = String(step.urn).includes("::pulumi:pulumi:Stack::");
  const state = (of: unknown): unknown => {
    if (typeof of !== "object" || of === null) return of;
    const { urn, custom, type, inputs, outputs, id } = of as Json;
    return { urn, custom, type, ...(id === undefined ? {} : { id }), inputs, ...(stack ? { outputs } : {}) };
  };
  const { oldState, newState, ...rest } = step;
  return {
    ...rest,
    ...(oldState === undefined ? {} : { oldState: state(oldState) }),
    ...(newState === undefined ? {} : { newState: state(newState) }),
  };
}
