import { describe, expect, it } from "vitest";

import { initialValues, intervalProblem, type Param, toParams, toUtc, validateParams } from "./params";

const param = (name: string, type: Param["type"], rest: Partial<Param> = {}): Param => ({
  default: null, description: null, name, required: false, type, ...rest,
});

const params = [
  param("limit", "integer", { default: 5 }),
  param("rate", "number"),
  param("region", "string", { required: true }),
  param("full", "boolean", { default: true }),
  param("day", "date", { default: "2026-01-01" }),
];

describe("initialValues", () => {
  it("shows defaults as fields do", () => {
    expect(initialValues(params)).toEqual({ day: "2026-01-01", full: true, limit: "5", rate: "", region: "" });
    expect(initialValues([param("at", "timestamp", { default: "2026-01-01T06:30:00Z" })])).toEqual({ at: "2026-01-01T06:30:00" });
  });
});

describe("validateParams", () => {
  it("names every field that is wrong", () => {
    const problems = validateParams(params, { ...initialValues(params), limit: "5.5", rate: "fast" });
    expect(Object.keys(problems).sort()).toEqual(["limit", "rate", "region"]);
    expect(problems["limit"]).toContain("`5.5`");
  });
});

describe("toParams", () => {
  it("sends typed values, and only what was changed", () => {
    const values = { ...initialValues(params), full: false, limit: "7", region: " north" };
    expect(toParams(params, values)).toEqual({ full: false, limit: 7, region: " north" });
    expect(toParams(params, initialValues(params))).toEqual({});
  });
});

describe("intervals", () => {
  it("have two ends in order, or none", () => {
    expect(intervalProblem({ end: "", start: "" })).toBeNull();
    expect(intervalProblem({ end: "", start: "2026-01-01T00:00" })).toMatch("both");
    expect(intervalProblem({ end: "2026-01-01T00:00", start: "2026-01-01T00:00" })).toMatch("after");
    expect(toUtc("2026-01-01T06:30")).toBe("2026-01-01T06:30:00Z");
    expect(toUtc("")).toBeNull();
  });
});
