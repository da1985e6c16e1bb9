/** Counts as people read them. */

const whole = new Intl.NumberFormat("en-US");

/** 203117 → 203,117. */
export const formatCount = (value: number): string => whole.format(value);

/** 203117 → 203K, 1530 → 1.5K, 999 → 999: never more than four signs, for nodes and edges. */
export const formatCompact = (value: number): string => {
  for (const [size, unit] of [[1e9, "B"], [1e6, "M"], [1e3, "K"]] as const) {
    // 999,950 would round to 1000.0K: it belongs to the next unit.
    if (Math.abs(value) >= size * 0.99995 && Math.abs(value) >= 1000) {
      const scaled = value / size;
      return `${Math.abs(scaled) < 99.95 ? scaled.toFixed(1).replace(/\.0$/, "") : Math.round(scaled)}${unit}`;
    }
  }
  return String(value);
};

/** `1 row`, `203,117 rows`. */
export const formatCounted = (value: number, singular: string, plural = `${singular}s`): string =>
  `${formatCount(value)} ${value === 1 ? singular : plural}`;
