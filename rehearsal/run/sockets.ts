import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { nameOf } from "./processes";

/** A TCP port on which a process of the rehearsal accepts connections. */
export interface ListeningSocket {
  /** Address as text: "127.0.0.1", "::1", "0.0.0.0"… */
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  readonly process: string;
}

export interface SocketCheck {
  /** Undefined: not checked on this system (no /proc). */
  readonly onLoopbackOnly: boolean | undefined;
  readonly listening: readonly ListeningSocket[];
  /** Those that others on the network could reach. */
  readonly exposed: readonly ListeningSocket[];
}

const LISTEN = "0A";

/** Which TCP ports these processes listen on, and whether all of them are loopback addresses. Linux only. */
export function checkSockets(pids: readonly number[]): SocketCheck {
  if (process.platform !== "linux") return { onLoopbackOnly: undefined, listening: [], exposed: [] };
  const byInode = new Map(
    ["tcp", "tcp6"].flatMap((table) => parseTable(tableText(table))).map((row) => [row.inode, row] as const),
  );
  const listening: ListeningSocket[] = [];
  for (const pid of pids) {
    for (const inode of socketsOf(pid)) {
      const row = byInode.get(inode);
      if (!row) continue;
      byInode.delete(inode); // a forked worker shares its parent's socket: say it once
      listening.push({ address: row.address, port: row.port, pid, process: nameOf(pid) });
    }
  }
  const exposed = listening.filter((socket) => !isLoopback(socket.address));
  return { onLoopbackOnly: exposed.length === 0, listening, exposed };
}

export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.");
}

interface Row {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** The listening rows of /proc/net/tcp or tcp6; addresses there are hexadecimal 32-bit words in host byte order. */
export function parseTable(text: string): Row[] {
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map((fields) => {
      const [address = "", port = ""] = (fields[1] ?? "").split(":");
      return { address: decodeAddress(address), port: Number.parseInt(port, 16), inode: fields[9] ?? "" };
    });
}

function decodeAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const numbers = bytes.map((byte) => Number.parseInt(byte, 16));
  if (numbers.length === 4) return numbers.join(".");
  const mapped = numbers.slice(0, 10).every((b) => b === 0) && numbers[10] === 255 && numbers[11] === 255;
  if (mapped) return `::ffff:${numbers.slice(12).join(".")}`;
  if (numbers.slice(0, 15).every((b) => b === 0)) return `::${numbers[15] === 0 ? "" : numbers[15]}`;
  const groups = Array.from({ length: 8 }, (_, i) => `${bytes[2 * i]}${bytes[2 * i + 1]}`.replace(/^0+(?=.)/, ""));
  return groups.join(":").toLowerCase();
}

function tableText(table: string): string {
  try {
    return readFileSync(`/proc/net/${table}`, "utf8");
  } catch {
    return "";
  }
}

function socketsOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return []; // ended meanwhile
  }
}
