import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { isObject, type Json } from "./json";

// Signatures of @pulumi/pulumi (runtime/rpc): how assets and archives travel inside properties.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

type Files = Map<string, Buffer>;

/** The bytes of an archive declared as `new asset.FileArchive(…)` or `new asset.AssetArchive({…})`, as a zip file. */
export function archiveBytes(value: Json | undefined, programDir: string): Buffer {
  if (!isObject(value) || value[SIGNATURE] !== ARCHIVE) throw new Error("expected an archive");
  if (typeof value.path === "string" && value.path !== "") {
    const path = resolve(programDir, value.path);
    if (statSync(path).isFile()) return readFileSync(path);
  }
  const files: Files = new Map();
  collect(value, "", programDir, files);
  return zip(files);
}

function collect(value: Json | undefined, name: string, programDir: string, files: Files): void {
  if (!isObject(value)) throw new Error(`${name || "archive"}: expected an asset or an archive`);
  const path = typeof value.path === "string" && value.path !== "" ? resolve(programDir, value.path) : undefined;
  if (value[SIGNATURE] === ASSET) {
    if (path) files.set(name, readFileSync(path));
    else if (typeof value.text === "string") files.set(name, Buffer.from(value.text));
    else throw new Error(`${name}: only file and text assets are served`);
  } else if (path) {
    for (const file of filesUnder(path)) files.set(join(name, relative(path, file)), readFileSync(file));
  } else if (isObject(value.assets)) {
    for (const [key, member] of Object.entries(value.assets)) collect(member, join(name, key), programDir, files);
  } else {
    throw new Error(`${name || "archive"}: only archives of files, folders and assets are served`);
  }
}

function filesUnder(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** 1 January 1980, the earliest date a zip file knows: equal contents give equal bytes. */
const DATE = 0x21;

/** A zip file; format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16. */
export function zip(files: Files): Buffer {
  const [parts, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const packed = deflateRawSync(content);
    const [path, header] = [Buffer.from(name), Buffer.alloc(30)];
    header.writeUInt32LE(0x04034b50, 0);
    writeCommon(header, 4, content, packed, path);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(0x031e, 4); // made by: Unix, so that the mode below counts
    writeCommon(entry, 6, content, packed, path);
    entry.writeUInt32LE(0o100644 * 0x10000, 38);
    entry.writeUInt32LE(offset, 42);
    parts.push(header, path, packed);
    directory.push(entry, path);
    offset += header.length + path.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** The fields that a local header and a directory entry share, from "version needed" on. */
function writeCommon(target: Buffer, at: number, content: Buffer, packed: Buffer, path: Buffer): void {
  target.writeUInt16LE(20, at);
  target.writeUInt16LE(0x0800, at + 2); // names are UTF-8
  target.writeUInt16LE(8, at + 4); // deflate
  target.writeUInt16LE(DATE, at + 8);
  target.writeUInt32LE(crc32(content), at + 10);
  target.writeUInt32LE(packed.length, at + 14);
  target.writeUInt32LE(content.length, at + 18);
  target.writeUInt16LE(path.length, at + 22);
}
