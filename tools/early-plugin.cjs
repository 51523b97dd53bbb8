// @ts-check
// The engine starts the process of the dynamic providers when the first of them is registered, and everything waits until it
// stands. Any call for it starts it before: this one is made with the program's first resource, while the others are still being
// put together, and names a function that nobody has, so that nothing else comes of it. A refused update never gets here.
const resources = require("@pulumi/pulumi/runtime/resource");
const { getMonitor } = require("@pulumi/pulumi/runtime/settings");
const { ResourceInvokeRequest } = require("@pulumi/pulumi/proto/resource_pb");

const { registerResource } = resources;
resources.registerResource = (/** @type {Parameters<typeof registerResource>} */ ...resource) => {
  resources.registerResource = registerResource;
  const request = new ResourceInvokeRequest();
  request.setTok("pulumi-nodejs:dynamic:start");
  getMonitor()?.invoke(request, () => {});
  return registerResource(...resource);
};
