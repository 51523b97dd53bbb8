import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { checkSockets, isLoopback, parseTable } from "./sockets";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function listen(host: string): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    servers.push(server);
    server.listen(0, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
  });
}

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1111 1
   1: 00000000:22B8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2222 1
   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3333 1
`;
const TABLE6 = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4444 1
   1: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 5555 1
   2: 0000000000000000FFFF00000100007F:1F92 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 6666 1
`;

describe("parseTable", () => {
  it("reads listening rows only, addresses in host byte order", () => {
    expect(parseTable(TABLE)).toEqual([
      { address: "127.0.0.1", port: 8080, inode: "1111" },
      { address: "0.0.0.0", port: 8888, inode: "2222" },
    ]);
  });

  it("reads IPv6 and mapped IPv4", () => {
    expect(parseTable(TABLE6).map((row) => [row.address, isLoopback(row.address)])).toEqual([
      ["::1", true],
      ["::", false],
      ["::ffff:127.0.0.1", true],
    ]);
  });
});

describe.runIf(process.platform === "linux")("checkSockets", () => {
  it("passes a loopback listener", async () => {
    const port = await listen("127.0.0.1");
    const check = checkSockets([process.pid]);
    expect(check.listening.map((s) => s.port)).toContain(port);
    expect(check.onLoopbackOnly).toBe(true);
  });

  it("ignores sockets of processes that are not asked about", async () => {
    const port = await listen("127.0.0.1");
    expect(checkSockets([1]).listening.map((s) => s.port)).not.toContain(port);
  });
});
