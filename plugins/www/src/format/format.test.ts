import { describe, expect, it } from "vitest";

import { formatCompact, formatCounted } from "./number";
import { formatAbsolute, formatDuration, formatRelative, formatTicking } from "./time";

describe("formatDuration", () => {
  it.each([
    [null, "–"], [0.424, "0.42 s"], [4.52, "4.5 s"], [42.4, "42 s"], [59.6, "1 m 00 s"],
    [185, "3 m 05 s"], [7830, "2 h 10 m"], [273_600, "3 d 4 h"], [-3, "0.00 s"],
  ])("%s → %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe("formatTicking", () => {
  it.each([[0, "0 s"], [0.9, "0 s"], [4.9, "4 s"], [61, "1 m 01 s"]])("%s → %s", (seconds, text) => expect(formatTicking(seconds)).toBe(text));
});

describe("formatRelative", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  it.each([
    ["2026-11-22T12:00:03Z", "now"], ["2026-11-22T11:59:00Z", "1 minute ago"],
    ["2026-11-22T14:30:00Z", "in 2 hours"], ["2026-11-20T11:00:00Z", "2 days ago"],
  ])("%s → %s", (time, text) => expect(formatRelative(new Date(time), now)).toBe(text));
});

describe("formatAbsolute", () => {
  it("names the zone", () => expect(formatAbsolute(new Date("2026-11-22T21:19:07Z"), "UTC")).toBe("2026-11-22 21:19:07 UTC"));
});

describe("formatCompact", () => {
  it.each([[0, "0"], [999, "999"], [1000, "1K"], [1530, "1.5K"], [203_117, "203K"], [999_960, "1M"], [1_200_000, "1.2M"], [3e9, "3B"]])(
    "%s → %s", (value, text) => expect(formatCompact(value)).toBe(text));
});

describe("formatCounted", () => {
  it("has a singular", () => {
    expect(formatCounted(1, "row")).toBe("1 row");
    expect(formatCounted(203_117, "row")).toBe("203,117 rows");
  });
});
