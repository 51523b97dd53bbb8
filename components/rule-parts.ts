import type * as pulumi from "@pulumi/pulumi";

/** Every webhook request. */
export const WEBHOOK_PATHS = { pathPattern: { values: ["/webhooks/*"] } };

/** A condition on a request header; several values are alternatives. */
export function header(httpHeaderName: string, ...values: pulumi.Input<string>[]) {
  return { httpHeader: { httpHeaderName, values } };
}

/** A condition on a request header by regular expression, at most 128 characters of AWS's syntax. */
export function headerLike(httpHeaderName: string, ...regexValues: string[]) {
  return { httpHeader: { httpHeaderName, regexValues } };
}

/** Everything to one target group. */
export function forward(targetGroupArn: pulumi.Input<string>) {
  return { type: "forward", targetGroupArn };
}

/** Percent as weight. Without Node everything goes to Python, whatever the share says. */
export function weights(
  nodeArn: pulumi.Input<string> | undefined,
  pythonArn: pulumi.Input<string>,
  pythonShare: number,
) {
  if (!Number.isInteger(pythonShare) || pythonShare < 0 || pythonShare > 100) {
    throw new RangeError(`Python's share is ${pythonShare}: expected whole percent from 0 to 100`);
  }
  const targetGroups = nodeArn
    ? [
        { arn: nodeArn, weight: 100 - pythonShare },
        { arn: pythonArn, weight: pythonShare },
      ]
    : [{ arn: pythonArn, weight: 100 }];
  return { type: "forward", forward: { targetGroups, stickiness: { enabled: false, duration: 1 } } };
}
