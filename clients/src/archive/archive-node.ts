import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const run = promisify(execFile);

export interface ArchiveRequest {
  /** Path or URL of Node's git repository. */
  readonly repository: string;
  readonly bucket: string;
  /** Image that ran last, by digest. */
  readonly image: string;
}

/** What was archived; written beside the bundle as manifest.json. */
export interface ArchiveManifest {
  /** Commit at the head of the repository. */
  readonly commit: string;
  readonly image: string;
  /** S3 key of the git bundle: every branch and tag with its history. */
  readonly bundle: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The archive could not be made or not be read back; Node must not be removed then. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/**
 * Puts the whole history of Node's repository as one git bundle into the bucket, with a manifest, and reads it back: what
 * can't be read back is no archive. The key holds commit and image, so that doing it again changes nothing.
 * Source: plan, phase 4 "Archive Node.js codebase".
 */
export async function archiveNode(
  request: ArchiveRequest,
  s3: Pick<S3Client, "send"> = new S3Client({}),
): Promise<ArchiveManifest> {
  const folder = await mkdtemp(join(tmpdir(), "cutover-archive-"));
  try {
    const { commit, bytes } = await bundle(request.repository, folder);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const key = `node/${commit.slice(0, 12)}-${request.image.slice(-12)}/node.bundle`;
    const manifest = { commit, image: request.image, bundle: key, sha256, bytes: bytes.length };
    await s3.send(new PutObjectCommand({ Bucket: request.bucket, Key: key, Body: bytes, ChecksumAlgorithm: "SHA256" }));
    await readBack(s3, request.bucket, key, sha256);
    const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
    const manifestKey = key.replace("node.bundle", "manifest.json");
    await s3.send(
      new PutObjectCommand({ Bucket: request.bucket, Key: manifestKey, Body: text, ChecksumAlgorithm: "SHA256" }),
    );
    return manifest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundle(repository: string, folder: string): Promise<{ commit: string; bytes: Buffer }> {
  const clone = join(folder, "clone");
  const file = join(folder, "node.bundle");
  try {
    await run("git", ["clone", "--quiet", "--mirror", "--", repository, clone]);
    const { stdout } = await run("git", ["-C", clone, "rev-parse", "HEAD"]);
    await run("git", ["-C", clone, "bundle", "create", "--quiet", file, "--all"]);
    await run("git", ["-C", clone, "bundle", "verify", "--quiet", file]);
    return { commit: stdout.trim(), bytes: await readFile(file) };
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new ArchiveError(
      `Node's repository could not be bundled: ${withoutCredentials(said)}. Node stays. Check cutover:node.repository: a path or URL that git can clone, with at least one commit.`,
    );
  }
}

async function readBack(s3: Pick<S3Client, "send">, bucket: string, key: string, sha256: string): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = await Body?.transformToByteArray();
  const found = createHash("sha256")
    .update(bytes ?? new Uint8Array())
    .digest("hex");
  if (found === sha256) return;
  throw new ArchiveError(
    `s3://${bucket}/${key} does not read back as it was written (sha256 ${found}, expected ${sha256}). Node stays.`,
  );
}

/** git repeats the URL it was given, which may hold a token. */
function withoutCredentials(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^/@\s]+@/g, "$1");
}
