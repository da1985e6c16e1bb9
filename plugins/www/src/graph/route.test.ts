import { describe, expect, it } from "vitest";

import { labelPoint, roundedPath } from "./route";

const bend = [{ x: 0, y: 0 }, { x: 40, y: 0 }, { x: 40, y: 100 }, { x: 60, y: 100 }];

describe("roundedPath", () => {
  it("rounds corners, never by more than half of a stretch", () => {
    expect(roundedPath(bend)).toBe("M0,0 L32,0 Q40,0 40,8 L40,92 Q40,100 48,100 L60,100");
    expect(roundedPath([{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 100 }])).toBe("M0,0 L2,0 Q4,0 4,2 L4,100");
  });
  it("draws nothing without a line", () => {
    expect(roundedPath([])).toBe("");
    expect(roundedPath([{ x: 1, y: 1 }])).toBe("");
  });
});

describe("labelPoint", () => {
  it("stands beside the port", () => expect(labelPoint(bend)).toEqual({ x: 8, y: 0 }));
});
