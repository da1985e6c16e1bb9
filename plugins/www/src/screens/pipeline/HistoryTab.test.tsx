import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import type { Schemas } from "src/api/client";
import { renderAt } from "src/testing/render";
import { serve } from "src/testing/server";

import { HistoryTab } from "./HistoryTab";

const recorded = (runId: string, rest: Partial<Schemas["RecordedRun"]> = {}): Schemas["RecordedRun"] => ({
  bytes_moved: null, duration_s: 12, end: "2026-11-02T06:00:12Z", error: null, error_node: null, interval_end: null, interval_start: null, pipeline_id: "usage",
  reasons: [], rows_read: 10, rows_rejected: null, rows_written: 10, run_id: runId, run_type: "scheduled", start: "2026-11-02T06:00:00Z", state: "success",
  triggered_by: null, workspace: "telecom", ...rest,
});

const figures: Schemas["Statistics"] = {
  fresh_at: null, fresh_until: null, p50_s: 12, p95_s: 30, p99_s: 31, runs: { failed: 1, success: 2, warning: 1 }, since: "2026-10-03T00:00:00Z",
  sla_broken: 1, sla_kept: 3, sla_rate: 0.75, success_rate: 0.75,
};

const show = () => renderAt("/pipelines/usage/history", "/pipelines/usage/history", <HistoryTab pipelineId="usage" />);

describe("HistoryTab", () => {
  it("shows the figures, the trend and why a run is what it is", async () => {
    const items = [
      recorded("r3", { error: "DF-X: refused\nmore", state: "failed" }),
      recorded("r2", { reasons: [{ kind: "late", message: "it finished after 07:30", node: null, rule: null }], state: "warning" }),
      recorded("r1"),
    ];
    serve("GET /pipelines/usage/statistics", { body: figures });
    serve("GET /pipelines/usage/history", { body: { items, total: 3 } });
    show();
    expect(await screen.findByText("3 of 4 runs in 30 days")).toBeInTheDocument();
    expect(screen.getByText("3 kept, 1 broken")).toBeInTheDocument();
    expect(screen.getByRole("img", { name: /Durations of the last 3 runs/ })).toBeInTheDocument();
    expect(screen.getByText("DF-X: refused")).toBeInTheDocument();
    expect(screen.getByText("it finished after 07:30")).toBeInTheDocument();
    expect(screen.getByText("Warning")).toBeInTheDocument();
  });

  it("says so when nothing is recorded", async () => {
    serve("GET /pipelines/usage/statistics", { body: { ...figures, runs: {} } });
    serve("GET /pipelines/usage/history", { body: { items: [], total: 0 } });
    show();
    expect(await screen.findByText("No run is recorded yet")).toBeInTheDocument();
  });

  it("says what to do when the tables are missing", async () => {
    const problem = { body: { code: "DF-API-018", detail: "The tables are missing.", hint: "Run `airflow db migrate`." }, status: 503 };
    serve("GET /pipelines/usage/statistics", problem);
    serve("GET /pipelines/usage/history", problem);
    show();
    expect(await screen.findByText("airflow db migrate", { selector: "code" })).toBeInTheDocument();
  });
});
