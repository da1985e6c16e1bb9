import { describe, expect, it } from "vitest";

import { formatBytes, formatPercent } from "./percent";

describe("formatPercent", () => {
  it.each([[null, "–"], [1, "100 %"], [0.9996, "99.9 %"], [0.5, "50 %"], [2 / 3, "66.6 %"], [0, "0 %"]])("%s is %s", (share, text) => {
    expect(formatPercent(share)).toBe(text);
  });
});

describe("formatBytes", () => {
  it.each([[null, "–"], [0, "0 B"], [999, "999 B"], [12_500, "12.5 KB"], [3_000_000, "3 MB"], [2.25e9, "2.3 GB"]])("%s is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
