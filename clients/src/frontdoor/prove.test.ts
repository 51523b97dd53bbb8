import { describe, expect, it } from "vitest";
import type { HttpReply, HttpRequest } from "../http/client";
import { FrontDoorError, proveFrontDoor } from "./prove";

const proof = {
  domain: "messages.example.com",
  path: "/healthz",
  probeKey: "planted-key",
  probes: 20,
  deadlineSeconds: 5,
};

function reply(status: number, servedBy?: string): HttpReply {
  const headers = servedBy === undefined ? {} : { "x-served-by": servedBy };
  return { status, headers, text: "", json: undefined, attempts: 1, latencyMs: 1 };
}

/** Answers with the given replies, the last one for ever; an Error is thrown. */
function door(...answers: (HttpReply | Error)[]) {
  const requests: HttpRequest[] = [];
  return {
    requests,
    send: async (request: HttpRequest) => {
      const answer = answers[Math.min(requests.length, answers.length - 1)];
      requests.push(request);
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no answer");
      return answer;
    },
  };
}

describe("front-door proof", () => {
  it("holds after 20 answers in a row by Node, asked by its probe rule", async () => {
    const client = door(reply(200, "node"));
    expect(await proveFrontDoor(proof, { client })).toBe(20);
    expect(client.requests[0]).toMatchObject({
      path: "https://messages.example.com/healthz",
      headers: { "x-cutover-target": "node", "x-cutover-key": "planted-key" },
    });
  });

  it("takes a service that does not say who it is", async () => {
    expect(await proveFrontDoor(proof, { client: door(reply(204)) })).toBe(20);
  });

  it("begins to count again after one failure", async () => {
    const nineteen = Array.from({ length: 19 }, () => reply(200, "node"));
    const client = door(...nineteen, reply(502), reply(200, "node"));
    expect(await proveFrontDoor(proof, { client, pauseMs: 1 })).toBe(40);
  });

  it.each([
    ["an error status", reply(503), /last: status 503/],
    ["the wrong service", reply(200, "python"), /last: answered by python/],
    ["a redirect", reply(301), /last: status 301/],
    ["no connection", new Error("getaddrinfo ENOTFOUND"), /ENOTFOUND/],
  ])("fails with %s, naming it and never the key", async (_, answer, message) => {
    const error = await proveFrontDoor({ ...proof, deadlineSeconds: 0.05 }, { client: door(answer), pauseMs: 5 }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(FrontDoorError);
    expect(String(error)).toMatch(message);
    expect(String(error)).toContain("The webhook was not moved");
    expect(String(error)).not.toContain("planted-key");
  });
});
