import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { UsageError } from "../errors";
import { freePort } from "../support/ports";
import { requireFreeDisk, requireFreePort } from "./preflight";

describe("requireFreeDisk", () => {
  it("says how much is free, how much is needed and where", async () => {
    const error = await requireFreeDisk(tmpdir(), 2 ** 60).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(/Only \d+ MB are free where .* lies; a rehearsal needs 1099511627776 MB/);
    await requireFreeDisk(tmpdir(), 1);
  });
});

describe("requireFreePort", () => {
  it("says that the port is taken and what to do", async () => {
    const server = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    await expect(requireFreePort(port)).rejects.toThrow(`Port ${port} is in use by another program`);
    await new Promise((resolve) => server.close(resolve));
    await requireFreePort(port);
  });
});
