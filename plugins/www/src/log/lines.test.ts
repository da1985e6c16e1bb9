import { describe, expect, it } from "vitest";

import { countLevels, findMatches, nextError, ofLevels, type RawLine, splitHits, stepMatch, toLines, toText } from "./lines";

const raw = (level: string | null, message: string): RawLine => ({ level, logger: "dataflow.execution", message, time: null });

const lines = toLines([raw("info", "start"), raw("error", "Boom"), raw("WARNING", "late"), raw(null, "printed"), raw("critical", "dead")]);

describe("levels", () => {
  it("fold into four", () => {
    expect(countLevels(lines)).toEqual({ debug: 0, error: 2, info: 2, warning: 1 });
    expect(ofLevels(lines, ["error"]).map(({ number }) => number)).toEqual([2, 5]);
    expect(ofLevels(lines, [])).toHaveLength(5);
  });
});

describe("nextError", () => {
  it("goes round", () => expect([nextError(lines, -1), nextError(lines, 1), nextError(lines, 4), nextError([], 0)]).toEqual([1, 4, 1, -1]));
});

describe("search", () => {
  it("finds in message and logger, whatever the case", () => {
    expect(findMatches(lines, " BOOM ")).toEqual([1]);
    expect(findMatches(lines, "EXECUTION")).toHaveLength(5);
    expect(findMatches(lines, "")).toEqual([]);
  });
  it("steps forth and back around the ends", () => {
    expect([stepMatch([2, 5], 2, 1), stepMatch([2, 5], 5, 1), stepMatch([2, 5], 2, -1), stepMatch([], 0, 1)]).toEqual([5, 2, 5, -1]);
  });
  it("cuts a text at its hits and loses nothing", () => {
    expect(splitHits("aXbxc", "x")).toEqual([
      { hit: false, text: "a" }, { hit: true, text: "X" }, { hit: false, text: "b" }, { hit: true, text: "x" }, { hit: false, text: "c" },
    ]);
    expect(splitHits("none", "x")).toEqual([{ hit: false, text: "none" }]);
    expect(splitHits("x", "x")).toEqual([{ hit: true, text: "x" }]);
  });
});

describe("toText", () => {
  it("is what a terminal would have shown", () => expect(toText(lines.slice(0, 2))).toBe("INFO dataflow.execution start\nERROR dataflow.execution Boom"));
});
