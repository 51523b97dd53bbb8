import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArchiveError, archiveNode } from "./archive-node";

const IMAGE = `node@sha256:${"c".repeat(64)}`;
let folder: string;
const git = (...args: string[]) =>
  execFileSync("git", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-archive-test-"));
  git("init", "--quiet", "--initial-branch=main");
  writeFileSync(join(folder, "index.js"), "// the old service\n");
  git("add", ".");
  git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "Work as it did yesterday");
  git("tag", "v1");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A bucket in memory; `damage` changes what is read back. */
function bucket(damage = false) {
  const objects = new Map<string, Buffer>();
  const send = async (command: unknown) => {
    if (command instanceof PutObjectCommand) {
      objects.set(String(command.input.Key), Buffer.from(command.input.Body as Buffer | string));
      return {};
    }
    if (command instanceof GetObjectCommand) {
      const bytes = Buffer.from(objects.get(String(command.input.Key)) ?? "");
      if (damage) bytes[0] = 0;
      return { Body: { transformToByteArray: async () => new Uint8Array(bytes) } };
    }
    throw new Error("unexpected call");
  };
  return { objects, s3: { send: send as never } };
}

describe("archiving Node", () => {
  it("keeps every branch and tag with its history, in a form git can clone", async () => {
    const { objects, s3 } = bucket();
    const manifest = await archiveNode({ repository: folder, bucket: "b", image: IMAGE }, s3);
    expect(manifest).toMatchObject({ commit: git("rev-parse", "HEAD").trim(), image: IMAGE });
    const file = join(folder, "restored.bundle");
    writeFileSync(file, objects.get(manifest.bundle) ?? "");
    git("clone", "--quiet", file, "restored");
    expect(execFileSync("git", ["-C", join(folder, "restored"), "tag"], { encoding: "utf8" })).toBe("v1\n");
    const written = objects.get(manifest.bundle.replace("node.bundle", "manifest.json"));
    expect(JSON.parse(String(written))).toEqual(manifest);
  });

  it("is the same archive when it is made again", async () => {
    const { objects, s3 } = bucket();
    const first = await archiveNode({ repository: folder, bucket: "b", image: IMAGE }, s3);
    const second = await archiveNode({ repository: folder, bucket: "b", image: IMAGE }, s3);
    expect(second.bundle).toBe(first.bundle);
    expect(objects.size).toBe(2);
  });

  it("fails when it does not read back as written, before a manifest says that all is well", async () => {
    const { objects, s3 } = bucket(true);
    await expect(archiveNode({ repository: folder, bucket: "b", image: IMAGE }, s3)).rejects.toThrow(
      /does not read back/,
    );
    expect([...objects.keys()].filter((k) => k.endsWith("manifest.json"))).toEqual([]);
  });

  it("fails with git's words and without the token of the URL", async () => {
    const repository = "https://x:planted-token@127.0.0.1:1/node.git";
    const error = await archiveNode({ repository, bucket: "b", image: IMAGE }, bucket().s3).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ArchiveError);
    expect(String(error)).toContain("cutover:node.repository");
    expect(String(error)).not.toContain("planted-token");
  });
});
