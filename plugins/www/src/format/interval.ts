/** A data interval in UTC, as short as it can be said: seconds and the second date only where they tell something. */

const iso = (text: string) => new Date(text).toISOString();
const minute = (text: string): string => {
  const full = iso(text);
  return `${full.slice(0, 10)} ${full.slice(17, 19) === "00" ? full.slice(11, 16) : full.slice(11, 19)}`;
};

/** `2026-11-21 06:30 → 2026-11-22 06:30`, `2026-11-21 06:00 → 07:00`, or a dash. */
export const formatInterval = (start: string | null, end: string | null): string => {
  if (!start || !end) return "–";
  if (start === end) return minute(start);
  const [from, to] = [minute(start), minute(end)];
  return from.slice(0, 10) === to.slice(0, 10) ? `${from} → ${to.slice(11)}` : `${from} → ${to}`;
};
