import type { AwsCall } from "./call";
import { type HandlerContext, type Handlers, jsonBuffer } from "./handlers";
import type { JsonObject } from "./reality";
import { ask, ownHeaders } from "./upstream";

/** What is tagged is spread over two emulators; AWS knows all of it in one place. Pages are not needed: neither answers in any. */
export const taggingHandlers: Handlers = {
  "tagging:GetResources": {
    answer: async (call, { upstreams }) => {
      const lists = await Promise.all([tagged(call, upstreams.moto), tagged(call, upstreams.ministack)]);
      return jsonBuffer({ PaginationToken: "", ResourceTagMappingList: lists.flat() });
    },
  },
};

async function tagged(call: AwsCall, upstream: HandlerContext["upstreams"]["moto"]): Promise<readonly JsonObject[]> {
  const headers = ownHeaders("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources");
  const { status, body } = await ask(upstream, { headers, ...(call.body ? { body: call.body } : {}) });
  if (status !== 200)
    throw new Error(`the emulator's list of tagged resources answered ${status}: ${body.toString("utf8")}`);
  const { ResourceTagMappingList: list } = JSON.parse(body.toString("utf8")) as {
    ResourceTagMappingList?: readonly JsonObject[];
  };
  return list ?? [];
}
