// @ts-check
// Pulumi takes a stack trace for each of the thousands of promises of a declaration, to name those that never end. It shows them
// only where PULUMI_DEBUG_PROMISE_LEAKS is set; elsewhere they cost more than the program itself. Without them the promises that
// never end are still found and counted, and errors keep their stacks.
if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  const debuggable = require("@pulumi/pulumi/runtime/debuggable");
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (/** @type {Promise<unknown>} */ promise, /** @type {unknown} */ context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}
