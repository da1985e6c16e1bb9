/** A backfill as it is filled in, what is wrong with it, and what becomes of each run in words. */
import type { Schemas } from "src/api/client";

export type BackfillForm = { start: string; end: string; granularity: string; concurrency: string; reprocess: Schemas["StartBackfill"]["reprocess"]; reverse: boolean };
export type Field = "start" | "end" | "granularity" | "concurrency";

export const EMPTY_FORM: BackfillForm = { concurrency: "", end: "", granularity: "", reprocess: "none", reverse: false, start: "" };
export const GRANULARITIES = ["hour", "day", "week", "month"] as const;
/** From so many runs on, and whenever finished runs run again, people say that they mean it. */
export const MANY_RUNS = 100;

const isGranularity = (text: string): text is (typeof GRANULARITIES)[number] => GRANULARITIES.some((each) => each === text);

/** What must be mended before the server is asked; by field. */
export const formProblems = (form: BackfillForm, scheduled: boolean): Partial<Record<Field, string>> => {
  const problems: Partial<Record<Field, string>> = {};
  if (!form.start) problems.start = "Say the first day.";
  if (!form.end) problems.end = "Say the last day.";
  if (form.start && form.end && form.start > form.end) problems.end = "The last day is before the first.";
  if (!scheduled && !form.granularity) problems.granularity = "Without a schedule a run has no interval of its own.";
  if (form.concurrency && !/^[1-9][0-9]{0,2}$|^1000$/.test(form.concurrency)) problems.concurrency = "A whole number from 1 to 1,000.";
  return problems;
};

export const toBody = (form: BackfillForm, dryRun: boolean): Schemas["StartBackfill"] => ({
  concurrency: form.concurrency ? Number(form.concurrency) : null,
  dry_run: dryRun,
  end: form.end,
  granularity: isGranularity(form.granularity) ? form.granularity : null,
  reprocess: form.reprocess,
  reverse: form.reverse,
  start: form.start,
});

/** What happens to one interval, and why. */
export const decisionWords = ({ decision, state }: Pick<Schemas["PlannedBackfillRun"], "decision" | "state">): string => {
  if (decision === "run") return "Will be made";
  if (decision === "rerun") return `Will run again as a whole: it was ${state ?? "made"}`;
  if (decision === "rerun_failed_tasks") return "Failed tasks will run again";
  return `Left as it is: it is ${state ?? "there"}`;
};

export const countOf = (outcome: Schemas["BackfillOutcome"], ...decisions: string[]): number => decisions.reduce((sum, each) => sum + (outcome.counts[each] ?? 0), 0);

/** What a person confirms before it is begun; null when nothing needs that. */
export const toConfirm = (outcome: Schemas["BackfillOutcome"]): string | null => {
  const again = countOf(outcome, "rerun", "rerun_failed_tasks");
  const made = countOf(outcome, "run");
  if (again > 0) return `Yes, ${again.toLocaleString("en-US")} of the runs that exist shall run again`;
  return made >= MANY_RUNS ? `Yes, ${made.toLocaleString("en-US")} runs shall be made` : null;
};
