import type { Declared } from "./model";

/** A resource of stack `prod` for a test; `over` gives other fields than props. */
export function resource(type: string, props: Record<string, unknown>, over: Partial<Declared> = {}): Declared {
  return { type, name: "it", stack: "prod", props, ...over };
}
