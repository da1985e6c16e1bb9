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
  by: "signatures", confidence: 0.92, context: null, evidence: ["ORA-00060: deadlock detected"], explanation: null, feedback: { helpful: 1, own: null, wrong: 0 }, made_at: "2026-11-02T06:00:09Z", model: null, model_connection: null, node: "mart", notes: [], ran_text: true,
  ranked: [{ confidence: 0.92, root_cause: "deadlock" }, { confidence: 0.04, root_cause: "lock_contention" }],
  root_cause: "deadlock", summary: "Sessions waited on each other.", text_hash: "h1",
};

const shown = (rights: Schemas["Right"][], changes: Partial<Schemas["StageDiagnosis"]> = {}) => {
  serve("GET /me", { body: me(rights) });
  serve(ROUTE, { body: { ...found, ...changes } });
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

  it("says plainly that no model is configured, and diagnoses again without one", async () => {
    serve("POST /runs/cdr/manual__1/stages/mart/diagnosis", { body: found });
    shown(["view", "read_logs"]);
    expect(await screen.findByText(/No model is configured/)).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Diagnose again" }));
    await waitFor(() => expect(requestsOf(ROUTE)).toHaveLength(2));
  });

  it("tells what a model said and took, and its notes", async () => {
    const model = { cost: 0.0021, input_tokens: 900, name: "m-1", outcome: "answered", output_tokens: 100, seconds: 1.24 } as const;
    shown(["view", "read_logs"], { by: "model", explanation: "The switch hung up.", model, model_connection: "llm", notes: ["the model `m-1` was asked"] });
    expect(await screen.findByText("The switch hung up.")).toBeInTheDocument();
    expect(screen.getByText(/Named by the model: m-1 was asked \(1\.2 s, 1000 tokens, \$0\.0021\)/)).toBeInTheDocument();
    expect(screen.getByText("Note: the model `m-1` was asked.")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Ask the model" })).toBeInTheDocument();
  });

  it("names no cause, and no certainty, where the log supports none", async () => {
    shown(["view", "read_logs"], { confidence: 1, evidence: [], ranked: [{ confidence: 1, root_cause: "unknown" }], root_cause: "unknown" });
    expect(await screen.findByText("No cause is named")).toBeInTheDocument();
  });

  it("tells that a model failed", async () => {
    const model = { cost: null, input_tokens: 0, name: "m-1", outcome: "failed", output_tokens: 0, seconds: 30 } as const;
    shown(["view", "read_logs"], { model, model_connection: "llm", notes: ["the model `m-1` gave no answer in 30 s; signatures alone"] });
    expect(await screen.findByText(/The model m-1 failed after 30\.0 s/)).toBeInTheDocument();
    expect(screen.getByText(/gave no answer in 30 s/)).toBeInTheDocument();
  });

  it("keeps what the user says: wrong, the true cause, what mended it", async () => {
    const feedback = "PUT /runs/cdr/manual__1/stages/mart/diagnosis/feedback";
    serve("GET /diagnosis/causes", { body: [{ meaning: "m", name: "deadlock" }, { meaning: "m", name: "dns_failure" }] });
    serve(feedback, { body: { helpful: 1, own: null, wrong: 1 } });
    shown(["view", "read_logs"]);
    expect(await screen.findByText("1 found it helpful, 0 wrong")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Wrong" }));
    await waitFor(() => expect(screen.getByRole("option", { name: "dns_failure" })).toBeInTheDocument());
    expect(screen.queryByRole("option", { name: "deadlock" })).toBeNull();
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "True cause" }), "dns_failure");
    await userEvent.type(screen.getByRole("textbox", { name: "What mended it" }), "the resolver");
    await userEvent.click(screen.getByRole("button", { name: "Keep this" }));
    await waitFor(() => expect(requestsOf(feedback)).toHaveLength(1));
    expect(requestsOf(feedback)[0]?.body).toEqual({ fixed_by: "the resolver", true_cause: "dns_failure", verdict: "wrong" });
  });

  it("shows what changed since the last good run and what mended it before", async () => {
    const context: Schemas["FailureContext"] = {
      connection: "dwh", node: "mart", node_type: "target.duckdb", pipeline: "cdr", pipelines: ["report"], sql: null, stage: "mart", targets: ["mart"],
      history: { change: "--- a\n+++ b\n@@ -1 +1 @@\n-a: 1\n+a: 2\n", failures_since: 2, last_success: "r0", last_success_at: null, rows: [{ before: 10, node: "calls", now: 99 }] },
      similar: [{ at: "2026-11-01T06:00:00Z", attempt: { number: 1, run: "r7", stage: "mart" }, confidence: 0.9, fixed_by: "one writer at a time", node: "mart", root_cause: "deadlock" }],
    };
    shown(["view", "read_logs"], { context, ran_text: false });
    expect(await screen.findByText(/mended by one writer at a time/)).toBeInTheDocument();
    expect(screen.getByText(/finished was r0; 2 runs failed since/)).toBeInTheDocument();
    expect(screen.getByText("calls let out 99 rows, 10 then.")).toBeInTheDocument();
    expect(screen.getByText(/changed after this run/)).toBeInTheDocument();
    expect(screen.getByRole("figure", { name: "Change since the last good run" })).toBeInTheDocument();
  });
});
