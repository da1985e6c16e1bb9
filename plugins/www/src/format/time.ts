/** Times and durations as people read them. Pure: now is an argument. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 0.42 s, 4.5 s, 42 s, 3 m 05 s, 2 h 10 m, 3 d 4 h; a dash when unknown. */
export const formatDuration = (seconds: number | null | undefined): string => {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const s = Math.max(0, seconds);
  if (s < 1) return `${s.toFixed(2)} s`;
  if (s < 10) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${String(whole % MINUTE).padStart(2, "0")} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${String(Math.floor((whole % HOUR) / MINUTE)).padStart(2, "0")} m`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
};

/** A running clock without decimals that jump: 42 s, 3 m 05 s. */
export const formatTicking = (seconds: number): string =>
  seconds < 10 ? `${Math.max(0, Math.floor(seconds))} s` : formatDuration(seconds);

const plural = (count: number, unit: string) => `${count} ${unit}${count === 1 ? "" : "s"}`;

const span = (seconds: number): string => {
  if (seconds < MINUTE) return plural(Math.floor(seconds), "second");
  if (seconds < HOUR) return plural(Math.floor(seconds / MINUTE), "minute");
  if (seconds < DAY) return plural(Math.floor(seconds / HOUR), "hour");
  return plural(Math.floor(seconds / DAY), "day");
};

/** "3 minutes ago", "in 2 hours", "now". */
export const formatRelative = (time: Date, now: Date): string => {
  const seconds = (time.getTime() - now.getTime()) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  return seconds < 0 ? `${span(-seconds)} ago` : `in ${span(seconds)}`;
};

/** 2026-11-22 21:19:07 in the reader's zone, with the zone's name. */
export const formatAbsolute = (time: Date, timeZone?: string): string => {
  const parts = new Intl.DateTimeFormat("en-CA", {
    day: "2-digit", hour: "2-digit", hourCycle: "h23", minute: "2-digit", month: "2-digit", second: "2-digit", timeZone, timeZoneName: "short", year: "numeric",
  }).formatToParts(time);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")} ${part("timeZoneName")}`;
};

/** 21:19:07.137 for log lines. */
export const formatClock = (time: Date): string => {
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  return `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}.${pad(time.getMilliseconds(), 3)}`;
};
