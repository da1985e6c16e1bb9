import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Schemas } from "src/api/client";
import { renderAt } from "src/testing/render";
import { me } from "src/testing/samples";
import { requestsOf, serve } from "src/testing/server";

import { DiagnosisPanel } from "./DiagnosisPanel";

const ROUTE = "GET /runs/cdr/manual__1/stages/mart/diagnosis";
const PATCH = "--- cdr.yaml\n+++ cdr.yaml\n@@ -1,2 +1,3 @@\n   mart:\n+    retries: 3\n-    pool: x\n";

const found: Schemas["StageDiagnosis"] = {
  actions: [
    { confidence: 0.8, effort: "low", kind: "retry_backoff", number: 1, patch: PATCH, risk: "low", title: "Retry with growing pauses" },
    { confidence: 0.5, effort: "medium", kind: "limit_concurrency", number: 2, patch: null, risk: "low", title: "Let one writer at a time in" },
  ],
  by: "signatures", confidence: 0.92, context: null, evidence: ["ORA-00060: deadlock detected"], explanation: null, made_at: "2026-11-02T06:00:09Z", model: null, model_connection: null, node: "mart", notes: [], ran_text: true,
  ranked: [{ confidence: 0.92, root_cause: "deadlock" }, { confidence: 0.04, root_cause: "lock_contention" }],
  root_cause: "deadlock", summary: "Sessions waited on each other.", text_hash: "h1",
};

const shown = (rights: Schemas["Right"][]) => {
  serve("GET /me", { body: me(rights) });
  serve(ROUTE, { body: found });
  renderAt("/", "/", <DiagnosisPanel run={{ pipelineId: "cdr", runId: "manual__1" }} stageId="mart" tryNumber={2} />);
};

describe("DiagnosisPanel", () => {
  it("shows cause, lines, numbered actions and the change as a diff", async () => {
    shown(["view", "read_logs"]);
    expect(await screen.findByText("Sessions waited on each other.")).toBeInTheDocument();
    expect(screen.getByText(/Cause deadlock, 92 % sure; less likely: lock_contention 4 %/)).toBeInTheDocument();
    expect(screen.getByText("ORA-00060: deadlock detected")).toBeInTheDocument();
    expect(screen.getByText("1. Retry with growing pauses")).toBeInTheDocument();
    expect(screen.getByText("+ retries: 3", { exact: false, normalizer: (text) => text.replace(/\s+/g, " ") })).toHaveAttribute("data-change", "added");
    expect(requestsOf(ROUTE)[0]?.url.searchParams.get("try_number")).toBe("2");
    expect(screen.queryByRole("button", { name: /Apply/ })).toBeNull();
  });

  it("applies an action after a question, with the hash of the text it is for", async () => {
    serve("POST /pipelines/cdr/fix", { body: { patch: PATCH, pipeline: "cdr", text_hash: "h2" } });
    shown(["view", "read_logs", "edit"]);
    await userEvent.click(await screen.findByRole("button", { name: "Apply action 1" }));
    await userEvent.click(await screen.findByRole("button", { name: "Change the file" }));
    await waitFor(() => expect(requestsOf("POST /pipelines/cdr/fix")).toHaveLength(1));
    expect(requestsOf("POST /pipelines/cdr/fix")[0]?.body).toEqual({ action: 1, run_id: "manual__1", stage_id: "mart", text_hash: "h1", try_number: 2 });
  });
});
