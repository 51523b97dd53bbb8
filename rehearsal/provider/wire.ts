import { type Metadata, Metadata as MetadataClass, status } from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { errorText, InitializationFailed } from "./errors";
import type { Props } from "./json";
import type { Plan } from "./lifecycle";
import type { Problem } from "./semantics";

/** Properties out of a message. */
export function fromStruct(struct: Struct | undefined): Props {
  return struct ? (struct.toJavaScript() as Props) : {};
}

/** Properties into a message. */
export function toStruct(props: Props): Struct {
  return Struct.fromJavaScript(props as { [key: string]: JavaScriptValue });
}

export function toFailures(found: readonly Problem[]): provider.CheckFailure[] {
  return found.map((one) => new provider.CheckFailure().setProperty(one.property).setReason(one.reason));
}

const KINDS = {
  add: { inPlace: provider.PropertyDiff.Kind.ADD, replace: provider.PropertyDiff.Kind.ADD_REPLACE },
  delete: { inPlace: provider.PropertyDiff.Kind.DELETE, replace: provider.PropertyDiff.Kind.DELETE_REPLACE },
  update: { inPlace: provider.PropertyDiff.Kind.UPDATE, replace: provider.PropertyDiff.Kind.UPDATE_REPLACE },
} as const;

/** A plan as the engine wants it: property by property, with the top-level names that need a replacement. */
export function toDiffResponse(plan: Plan): provider.DiffResponse {
  const response = new provider.DiffResponse();
  const some = plan.differences.length > 0;
  response.setChanges(some ? provider.DiffResponse.DiffChanges.DIFF_SOME : provider.DiffResponse.DiffChanges.DIFF_NONE);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(plan.deleteBeforeReplace);
  const top = (path: string) => path.split(/[.[]/)[0] ?? path;
  response.setDiffsList([...new Set(plan.differences.map((one) => top(one.path)))]);
  response.setReplacesList([...new Set(plan.differences.filter((one) => one.replace).map((one) => top(one.path)))]);
  for (const one of plan.differences) {
    const entry = new provider.PropertyDiff();
    entry.setKind(KINDS[one.kind][one.replace ? "replace" : "inPlace"]).setInputdiff(one.path !== "tagsAll");
    response.getDetaileddiffMap().set(one.path, entry);
  }
  return response;
}

/** A gRPC error; for a half-made resource with the details from which the engine learns its id. */
export function toGrpcError(error: unknown): { code: status; details: string; message: string; metadata: Metadata } {
  const message = errorText(error);
  const metadata = new MetadataClass();
  if (error instanceof InitializationFailed) {
    const detail = new provider.ErrorResourceInitFailed();
    detail.setId(error.id).setProperties(toStruct(error.outputs)).setInputs(toStruct(error.inputs));
    detail.setReasonsList([error.message]);
    const packed = new Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const outer = new Status().setCode(status.UNKNOWN).setMessage(error.message);
    outer.addDetails(packed);
    metadata.add("grpc-status-details-bin", Buffer.from(outer.serializeBinary()));
    return { code: status.UNKNOWN, details: error.message, message: error.message, metadata };
  }
  return { code: status.UNKNOWN, details: message, message, metadata };
}
