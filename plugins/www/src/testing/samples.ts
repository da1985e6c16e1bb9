/** Bodies as the server sends them. */
import type { Schemas } from "src/api/client";

export const me = (rights: Schemas["Right"][]): Schemas["Me"] => ({
  base_path: "", display_name: "Eve Engineer", persona: "engineer", rights, roles: ["ENGINEER"], username: "eve", version: "0.1.0",
});

export const pipeline = (id: string, rest: Partial<Schemas["PipelineSummary"]> = {}): Schemas["PipelineSummary"] => ({
  description: null, findings_count: 0, id, is_paused: false, last_run: null, name: id, next_run: null, owner: "team_billing",
  recent_runs: [], schedule: null, state: "success", tags: [], workspace: "telecom", ...rest,
});

export const page = (items: Schemas["PipelineSummary"][]): Schemas["PipelinePage"] => ({
  facets: { owners: [], states: [{ count: 1, value: "failed" }], tags: [], workspaces: [] }, items, total: items.length,
});

export const run = (pipelineId: string, runId: string, rest: Partial<Schemas["Run"]> = {}): Schemas["Run"] => ({
  duration_s: null, end: null, interval_end: null, interval_start: null, logical_date: null, note: null, params: {}, pipeline_id: pipelineId,
  queued_at: null, run_id: runId, run_type: "manual", start: null, state: "queued", triggered_by: "eve", ...rest,
});
