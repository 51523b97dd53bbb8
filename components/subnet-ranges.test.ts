import { expect, it } from "vitest";
import { subnetRanges } from "./subnet-ranges";

it("cuts a /16 into two zones", () => {
  expect(subnetRanges("10.42.0.0/16")).toEqual({
    public: ["10.42.0.0/24", "10.42.1.0/24"],
    private: ["10.42.16.0/20", "10.42.32.0/20"],
  });
});

it.each(["10.0.0.0/8", "10.42.1.0/16", "300.1.0.0/16", "nonsense", ""])("refuses %j", (cidr) => {
  expect(() => subnetRanges(cidr)).toThrow(/expected a \/16/);
});
