import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

/** A `valueFrom` of a container's secret, taken apart. */
export type SecretReference =
  | {
      readonly kind: "secret";
      readonly secretId: string;
      readonly jsonKey: string | undefined;
      readonly versionStage: string | undefined;
      readonly versionId: string | undefined;
    }
  | { readonly kind: "parameter"; readonly name: string };

/**
 * ECS's way to name a value: `arn:…:secret:name-AbCdEf[:json-key:version-stage:version-id]` (empty parts are skipped),
 * or the name or ARN of an SSM parameter. Source: vendor page "Pass Secrets Manager secrets through environment variables".
 */
export function parseSecretReference(valueFrom: string): SecretReference {
  const parts = valueFrom.split(":");
  if (parts[2] !== "secretsmanager") {
    return {
      kind: "parameter",
      name:
        parts[2] === "ssm"
          ? `/${parts
              .slice(5)
              .join(":")
              .replace(/^parameter\/+/, "")}`
          : valueFrom,
    };
  }
  const [jsonKey, versionStage, versionId] = [parts[7], parts[8], parts[9]].map((part) => part || undefined);
  return { kind: "secret", secretId: parts.slice(0, 7).join(":"), jsonKey, versionStage, versionId };
}

export interface SecretReaderOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
}

/** Reads what containers get as secrets. Errors name the reference, never the value. */
export class SecretReader {
  readonly #secrets: SecretsManagerClient;
  readonly #ssm: SSMClient;

  constructor({ endpoint, region, accessKeyId }: SecretReaderOptions) {
    const credentials = { accessKeyId, secretAccessKey: "rehearsal" };
    this.#secrets = new SecretsManagerClient({ endpoint, region, credentials, maxAttempts: 2 });
    this.#ssm = new SSMClient({ endpoint, region, credentials, maxAttempts: 2 });
  }

  async read(valueFrom: string): Promise<string> {
    const reference = parseSecretReference(valueFrom);
    if (reference.kind === "parameter") {
      const { Parameter } = await this.#ssm.send(
        new GetParameterCommand({ Name: reference.name, WithDecryption: true }),
      );
      return Parameter?.Value ?? "";
    }
    const { SecretString } = await this.#secrets.send(
      new GetSecretValueCommand({
        SecretId: reference.secretId,
        VersionId: reference.versionId,
        VersionStage: reference.versionStage,
      }),
    );
    if (reference.jsonKey === undefined) return SecretString ?? "";
    return jsonField(SecretString ?? "", reference.jsonKey, reference.secretId);
  }

  close(): void {
    this.#secrets.destroy();
    this.#ssm.destroy();
  }
}

function jsonField(text: string, key: string, secretId: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(`invalid character in secret ${secretId}: expected a JSON object with the key ${key}`);
  }
  const value = (parsed as Record<string, unknown>)[key];
  if (value === undefined) throw new Error(`retrieved secret from Secrets Manager did not contain json key ${key}`);
  return typeof value === "string" ? value : JSON.stringify(value);
}
