/**
 * Physical name of a resource: `cutover-<stack>-<what>`. Load balancers and target groups allow 32 characters, so the
 * stack's name may have 13. What forces a replacement (a port) belongs into `what`: old and new live side by side then.
 */
export function physicalName(stack: string, what: string): string {
  const name = `cutover-${stack}${what ? `-${what}` : ""}`;
  if (name.length > 32) {
    throw new RangeError(
      `The name ${name} has ${name.length} characters, AWS allows 32: use a stack name of at most 13.`,
    );
  }
  return name;
}
