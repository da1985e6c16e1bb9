/** A stage's log: levels, search, errors. Pure; lines are numbered from 1 as they came. */
import type { Schemas } from "src/api/client";

export type RawLine = Schemas["LogLine"];

export const LEVELS = ["error", "warning", "info", "debug"] as const;
export type Level = (typeof LEVELS)[number];

export type Line = RawLine & { number: number; severity: Level };

const SEVERITIES: Record<string, Level> = {
  critical: "error", debug: "debug", error: "error", exception: "error", fatal: "error", info: "info", notset: "debug", trace: "debug", warn: "warning", warning: "warning",
};

/** A line without a level is output of the program: information. */
export const severityOf = (level: string | null): Level => SEVERITIES[level?.toLowerCase() ?? ""] ?? "info";

export const toLines = (raw: readonly RawLine[]): Line[] => raw.map((line, index) => ({ ...line, number: index + 1, severity: severityOf(line.level) }));

export const countLevels = (lines: readonly Line[]): Record<Level, number> => {
  const counts: Record<Level, number> = { debug: 0, error: 0, info: 0, warning: 0 };
  for (const { severity } of lines) counts[severity] += 1;
  return counts;
};

/** The lines of the levels asked for; no level asked means all. */
export const ofLevels = (lines: readonly Line[], levels: readonly Level[]): readonly Line[] =>
  levels.length === 0 ? lines : lines.filter(({ severity }) => levels.includes(severity));

const holds = ({ logger, message }: Line, needle: string): boolean =>
  message.toLowerCase().includes(needle) || (logger?.toLowerCase().includes(needle) ?? false);

/** Positions, within the lines given, of those that hold the text. */
export const findMatches = (lines: readonly Line[], search: string): number[] => {
  const needle = search.trim().toLowerCase();
  return needle === "" ? [] : lines.flatMap((line, index) => (holds(line, needle) ? [index] : []));
};

/** The first error after a position, from the top again after the last; -1 when there is none. */
export const nextError = (lines: readonly Line[], after: number): number => {
  const later = lines.findIndex(({ severity }, index) => index > after && severity === "error");
  return later === -1 ? lines.findIndex(({ severity }) => severity === "error") : later;
};

/** The next or previous match from a position, around the ends. */
export const stepMatch = (matches: readonly number[], current: number, step: 1 | -1): number => {
  if (matches.length === 0) return -1;
  const found = step === 1 ? matches.find((index) => index > current) : matches.findLast((index) => index < current);
  return found ?? (step === 1 ? matches[0] : matches.at(-1)) ?? -1;
};

export type Piece = { text: string; hit: boolean };

/** A text cut at every place that matches the search. */
export const splitHits = (text: string, search: string): Piece[] => {
  const needle = search.trim().toLowerCase();
  if (needle === "") return [{ hit: false, text }];
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = text.toLowerCase().indexOf(needle); at !== -1; at = text.toLowerCase().indexOf(needle, from)) {
    if (at > from) pieces.push({ hit: false, text: text.slice(from, at) });
    pieces.push({ hit: true, text: text.slice(at, at + needle.length) });
    from = at + needle.length;
  }
  if (from < text.length || pieces.length === 0) pieces.push({ hit: false, text: text.slice(from) });
  return pieces;
};

/** For the clipboard: one line each, full times. */
export const toText = (lines: readonly Line[]): string =>
  lines.map(({ level, logger, message, time }) => [time ?? "", level?.toUpperCase() ?? "", logger ?? "", message].filter(Boolean).join(" ")).join("\n");
