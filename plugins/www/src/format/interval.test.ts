import { describe, expect, it } from "vitest";

import { formatInterval } from "./interval";

describe("formatInterval", () => {
  it.each([
    [null, "2026-11-22T06:30:00Z", "–"],
    ["2026-11-21T06:30:00Z", "2026-11-22T06:30:00Z", "2026-11-21 06:30 → 2026-11-22 06:30"],
    ["2026-11-21T06:00:00Z", "2026-11-21T07:00:00Z", "2026-11-21 06:00 → 07:00"],
    ["2026-11-21T06:00:05+00:00", "2026-11-21T06:00:05+00:00", "2026-11-21 06:00:05"],
  ])("%s, %s → %s", (start, end, text) => expect(formatInterval(start, end)).toBe(text));
});
