/** Every state of a pipeline, run, stage or node: its word, its tokens, whether it will still change. */

export type StateLook = {
  /** Chakra palette: `<token>.solid`, `.fg`, `.subtle`. */
  token: string;
  label: string;
  icon: "ban" | "check" | "circle" | "clock" | "cross" | "dots" | "pause" | "play" | "retry" | "skip" | "up" | "warning";
  /** Its work has not ended. */
  active: boolean;
};

const look = (token: string, label: string, icon: StateLook["icon"], active = false): StateLook => ({ active, icon, label, token });

const LOOKS: Record<string, StateLook> = {
  cancelled: look("none", "Cancelled", "ban"),
  completed: look("none", "Done", "check"),
  deferred: look("deferred", "Deferred", "clock", true),
  failed: look("failed", "Failed", "cross"),
  invalid: look("failed", "Invalid YAML", "warning"),
  awaiting_input: look("deferred", "Awaiting input", "clock", true),
  never_run: look("none", "Never run", "circle"),
  paused: look("none", "Paused", "pause"),
  queued: look("queued", "Queued", "dots", true),
  removed: look("removed", "Removed", "ban"),
  restarting: look("restarting", "Restarting", "retry", true),
  running: look("running", "Running", "play", true),
  scheduled: look("scheduled", "Scheduled", "clock", true),
  skipped: look("skipped", "Skipped", "skip"),
  success: look("success", "Success", "check"),
  up_for_reschedule: look("up_for_reschedule", "Up for reschedule", "clock", true),
  up_for_retry: look("up_for_retry", "Up for retry", "retry", true),
  upstream_failed: look("upstream_failed", "Upstream failed", "up"),
  waiting: look("none", "Waiting", "circle", true),
  warning: look("warning", "Warning", "warning"),
};

/** An unknown state of a newer Airflow is shown by its own word in grey. */
export const stateLook = (state: string | null | undefined): StateLook => {
  if (!state) return look("none", "No state", "circle");
  return LOOKS[state] ?? look("none", state.replaceAll("_", " "), "circle");
};

export const isActive = (state: string | null | undefined): boolean => stateLook(state).active;
