import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { AwsCall } from "./call";

/** An AWS error: what AWS's SDKs turn into an exception named `code`. */
export interface AwsError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The answer in the wording of the call's protocol. */
export function errorResponse(
  call: AwsCall,
  error: AwsError,
): { contentType: string; body: Buffer; headers: Record<string, string> } {
  const text = (contentType: string, body: string, headers: Record<string, string> = {}) => ({
    contentType,
    body: Buffer.from(body),
    headers,
  });
  const code = escapeXml(error.code);
  const message = escapeXml(error.message);
  const id = randomUUID();
  switch (call.protocol) {
    case "json":
      return text("application/x-amz-json-1.1", JSON.stringify({ __type: error.code, message: error.message }));
    case "rest-json":
      return text("application/json", JSON.stringify({ message: error.message, Message: error.message }), {
        "x-amzn-errortype": error.code,
      });
    case "cbor":
      return {
        contentType: "application/cbor",
        body: cborMap({ __type: error.code, message: error.message }),
        headers: { "smithy-protocol": "rpc-v2-cbor" },
      };
    case "ec2":
      return text(
        "text/xml",
        `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>${id}</RequestID></Response>`,
      );
    case "rest-xml":
      return text(
        "application/xml",
        call.service === "s3"
          ? `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message><RequestId>${id}</RequestId></Error>`
          : errorXml(code, message, id),
      );
    case "query":
      return text("text/xml", errorXml(code, message, id));
  }
}

export function sendError(response: ServerResponse, call: AwsCall, error: AwsError): void {
  const { contentType, body, headers } = errorResponse(call, error);
  response.writeHead(error.status, { "content-type": contentType, "content-length": body.length, ...headers });
  response.end(body);
}

const errorXml = (code: string, message: string, id: string): string =>
  `<?xml version="1.0"?><ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${id}</RequestId></ErrorResponse>`;

export const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A CBOR map of short texts (RFC 8949): all that an error of the smithy RPC protocol needs. */
function cborMap(fields: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(fields);
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([0x79, bytes.length >> 8, bytes.length & 0xff]), bytes]);
  };
  return Buffer.concat([Buffer.from([0xa0 | entries.length]), ...entries.flat().map(text)]);
}
