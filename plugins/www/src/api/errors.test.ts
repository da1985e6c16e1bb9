import { describe, expect, it } from "vitest";

import { asApiError, parseProblem } from "./errors";

describe("parseProblem", () => {
  it("reads our own shape, bare or inside detail", () => {
    const problem = { code: "DF-API-404", hint: "Look again.", message: "No pipeline `x`.", request_id: "r1" };
    for (const body of [problem, { detail: problem }]) {
      const error = parseProblem(404, body);
      expect(error).toMatchObject({ code: "DF-API-404", hint: "Look again.", message: "No pipeline `x`.", requestId: "r1", status: 404 });
    }
  });

  it("reads a plain detail and a validation list", () => {
    expect(parseProblem(400, { detail: "Bad cron" }).message).toBe("Bad cron");
    expect(parseProblem(422, { detail: [{ loc: ["body", "params", "day"], msg: "not a date" }] }).message).toBe("params.day: not a date");
  });

  it("says something when the body says nothing", () => {
    expect(parseProblem(403, null).message).toBe("Your role does not allow this.");
    expect(parseProblem(418, "<html>").message).toBe("The server answered with status 418.");
  });
});

describe("asApiError", () => {
  it("tells a lost network from a fault of ours", () => {
    expect(asApiError(new TypeError("Failed to fetch")).message).toBe("The server cannot be reached.");
    expect(asApiError(new Error("boom")).message).toBe("boom");
  });
});
