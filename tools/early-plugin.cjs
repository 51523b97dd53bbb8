// @ts-check
// The engine starts the process of the dynamic providers when the first of them is registered, and everything waits until it
// stands. Any call for it starts it before, while the program is still loading; this one names a function that nobody has, so that
// nothing else comes of it.
const { getMonitor } = require("@pulumi/pulumi/runtime/settings");
const { ResourceInvokeRequest } = require("@pulumi/pulumi/proto/resource_pb");

const request = new ResourceInvokeRequest();
request.setTok("pulumi-nodejs:dynamic:start");
getMonitor()?.invoke(request, () => {});
