import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Faults } from "./apps/node/faults";
import { AwsGateway } from "./aws/gateway/gateway";
import { FAULTS, faultFile, RehearsalFaults } from "./faults";

let folder: string;
let switches: RehearsalFaults;
let happened: string[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-faults-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  happened = [];
  const gateway = new AwsGateway();
  gateway.inject = ({ service, respond }) => {
    happened.push(`${service} ${respond}`);
    return () => void happened.push(`${service} well`);
  };
  switches = new RehearsalFaults({
    runFolder: folder,
    aws: {
      gateway,
      breakImage: (repository) => {
        happened.push(`${repository} dead`);
        return () => void happened.push(`${repository} alive`);
      },
    },
    ghl: { fail: () => void happened.push("GHL down"), heal: () => void happened.push("GHL up") },
    repositories: { node: "app/node", python: "app/python" },
  });
});

const python = () => JSON.parse(readFileSync(faultFile(folder, "python"), "utf8"));

describe("faults of the rehearsal", () => {
  it("inside Python are what its fault switch reads, and gone when lifted", () => {
    const lift = switches.inject("python-slow", { share: 0.5 });
    expect(python()).toEqual({ kind: "slow", share: 0.5, health: false });
    expect(new Faults(faultFile(folder, "python")).current().kind).toBe("slow");
    lift();
    expect(existsSync(faultFile(folder, "python"))).toBe(false);
    expect(switches.active).toEqual([]);
  });

  it("inside Python exclude each other; others go together", () => {
    switches.inject("routing");
    expect(() => switches.inject("booking")).toThrow("routing is on already");
    switches.inject("ssm-down");
    expect(() => switches.inject("ssm-down")).toThrow("ssm-down is on already");
    switches.lift("routing");
    switches.inject("booking");
    expect(python().kind).toBe("booking");
    expect(switches.active).toEqual(["ssm-down", "booking"]);
    switches.lift();
    expect(switches.active).toEqual([]);
  });

  it("all can be switched on and are lifted once", () => {
    for (const fault of FAULTS) {
      const lift = switches.inject(fault);
      lift();
      lift();
    }
    expect(happened).toEqual([
      "app/python dead",
      "app/python alive",
      "app/node dead",
      "app/node alive",
      "GHL down",
      "GHL up",
      "elasticloadbalancing throttle",
      "elasticloadbalancing well",
      "ssm unavailable",
      "ssm well",
    ]);
    expect(existsSync(faultFile(folder, "python"))).toBe(false);
  });

  it("an old lift does not end a new fault", () => {
    const lift = switches.inject("python-5xx");
    lift();
    switches.inject("python-5xx");
    lift();
    expect(switches.active).toEqual(["python-5xx"]);
  });
});
