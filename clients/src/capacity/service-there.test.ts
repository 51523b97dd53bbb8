import { describe, expect, it } from "vitest";
import { serviceThere } from "./service-there";

const aws = { region: "eu-central-1" };
const answering = (answer: unknown) => ({
  send: async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  },
});
const ask = (answer: unknown) => serviceThere("cluster", "node", aws, answering(answer) as never);

describe("a service", () => {
  it.each([
    ["ACTIVE", true],
    ["DRAINING", true],
    ["INACTIVE", false],
  ])("that is %s is there: %s", async (status, there) => {
    expect(await ask({ services: [{ serviceName: "node", status }] })).toBe(there);
  });

  it("that ECS does not know is not there", async () => {
    expect(await ask({ services: [], failures: [{ reason: "MISSING" }] })).toBe(false);
  });

  it("whose cluster is gone is not there", async () => {
    expect(await ask(Object.assign(new Error("no cluster"), { name: "ClusterNotFoundException" }))).toBe(false);
  });

  it("that can't be asked for is an error, never an absence", async () => {
    const denied = Object.assign(new Error("not authorized"), { name: "AccessDeniedException" });
    await expect(ask(denied)).rejects.toThrow("not authorized");
  });
});
