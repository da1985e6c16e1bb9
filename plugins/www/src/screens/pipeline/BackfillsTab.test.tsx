import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Schemas } from "src/api/client";
import { renderAt } from "src/testing/render";
import { me, pipeline } from "src/testing/samples";
import { requestsOf, serve } from "src/testing/server";

import { BackfillsTab } from "./BackfillsTab";

const LIST = "GET /pipelines/cdr/backfills";
const ORDER = "POST /pipelines/cdr/backfills";
const CRON: Schemas["PipelineSummary"]["schedule"] = { after: [], cron: "0 4 * * *", summary: "04:00", timezone: "UTC" };

const backfill = (id: number, rest: Partial<Schemas["Backfill"]> = {}): Schemas["Backfill"] => ({
  completed_at: null, concurrency: 2, created_at: "2026-11-20T06:00:00Z", end: "2026-11-12T04:00:00Z", id, runs: { failed: 1, queued: 2, success: 3 },
  start: "2026-11-06T04:00:00Z", state: "running", triggered_by: "eve", ...rest,
});

const outcome = (rest: Partial<Schemas["BackfillOutcome"]> = {}): Schemas["BackfillOutcome"] => ({
  backfill_id: null, counts: { run: 1, skip: 1 }, is_paused: false, more: 0,
  runs: [
    { decision: "run", interval_end: "2026-11-07T04:00:00Z", interval_start: "2026-11-06T04:00:00Z", run_id: null, state: null },
    { decision: "skip", interval_end: "2026-11-08T04:00:00Z", interval_start: "2026-11-07T04:00:00Z", run_id: "r", state: "success" },
  ],
  ...rest,
});

const show = (items: Schemas["Backfill"][], rights: Schemas["Right"][] = ["view", "rerun"], schedule = CRON) => {
  serve("GET /me", { body: me(rights) });
  serve(LIST, { body: { items } });
  return renderAt("/pipelines/cdr/backfills", "/pipelines/cdr/backfills", <BackfillsTab summary={pipeline("cdr", { schedule })} />);
};

const fill = async () => {
  await userEvent.click(await screen.findByRole("button", { name: "New backfill" }));
  await userEvent.type(await screen.findByLabelText("First day"), "2026-11-06");
  await userEvent.type(screen.getByLabelText("Last day (inclusive)"), "2026-11-07");
};

// A dialog with many fields takes a while to be typed into on a busy machine.
describe("BackfillsTab", { timeout: 30_000 }, () => {
  it("shows how far each backfill is, and orders go to the server", async () => {
    show([backfill(8), backfill(7, { runs: { success: 4 }, state: "completed" })]);
    const first = (await screen.findByText("3 done, 1 failed, 2 queued")).closest("tr") as HTMLElement;
    expect(within(first).getByRole("img", { name: "3 done, 1 failed, 2 queued of 6" })).toBeInTheDocument();
    expect(screen.getByText("Done")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Pause backfill 7" })).not.toBeInTheDocument();
    serve("PATCH /pipelines/cdr/backfills/8", { body: { items: [] } });
    await userEvent.click(screen.getByRole("button", { name: "Pause backfill 8" }));
    await waitFor(() => expect(requestsOf("PATCH /pipelines/cdr/backfills/8")[0]?.body).toEqual({ is_paused: true }));
    serve("POST /pipelines/cdr/backfills/8/cancel", { body: { items: [] } });
    await userEvent.click(screen.getByRole("button", { name: "Cancel backfill 8" }));
    expect(requestsOf("POST /pipelines/cdr/backfills/8/cancel")).toHaveLength(0);
    await userEvent.click(await screen.findByRole("button", { name: "Cancel the backfill" }));
    await waitFor(() => expect(requestsOf("POST /pipelines/cdr/backfills/8/cancel")).toHaveLength(1));
  });

  it("lists every run and why before one is made", async () => {
    show([]);
    serve(ORDER, { body: outcome() });
    await fill();
    await userEvent.click(screen.getByRole("button", { name: "Show the runs" }));
    expect(await screen.findByText("1 run to do, 1 left as they are")).toBeInTheDocument();
    expect(screen.getByText("Will be made")).toBeInTheDocument();
    expect(screen.getByText("Left as it is: it is success")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Start 1 run" }));
    await waitFor(() => expect(requestsOf(ORDER)).toHaveLength(2));
    expect(requestsOf(ORDER).map(({ body }) => body)).toMatchObject([{ dry_run: true, end: "2026-11-07", start: "2026-11-06" }, { concurrency: null, dry_run: false, granularity: null }]);
  });

  it("asks again after a change, and for a yes before runs are done once more", async () => {
    show([]);
    serve(ORDER, { body: outcome({ counts: { rerun: 3 } }) });
    await fill();
    await userEvent.selectOptions(screen.getByLabelText("Runs that exist"), "completed");
    await userEvent.click(screen.getByRole("button", { name: "Show the runs" }));
    const start = await screen.findByRole("button", { name: "Start 3 runs" });
    expect(start).toBeDisabled();
    await userEvent.click(screen.getByText("Yes, 3 of the runs that exist shall run again"));
    expect(start).toBeEnabled();
    await userEvent.selectOptions(screen.getByLabelText("Direction"), "newest");
    expect(screen.getByRole("button", { name: "Show the runs" })).toBeInTheDocument();
  });

  it("refuses what cannot be, and tells the server's refusal in place", async () => {
    show([], ["view", "rerun"], null as unknown as typeof CRON);
    await userEvent.click(await screen.findByRole("button", { name: "New backfill" }));
    await userEvent.click(await screen.findByRole("button", { name: "Show the runs" }));
    expect(await screen.findByText("Say the first day.")).toBeInTheDocument();
    expect(screen.getByText("Without a schedule a run has no interval of its own.")).toBeInTheDocument();
    expect(requestsOf(ORDER)).toHaveLength(0);
    serve(ORDER, { body: { code: "DF-RUNS-016", detail: "It has incremental sources.", hint: "Say 1." }, status: 422 });
    await userEvent.type(screen.getByLabelText("First day"), "2026-11-06");
    await userEvent.type(screen.getByLabelText("Last day (inclusive)"), "2026-11-07");
    await userEvent.selectOptions(screen.getByLabelText("Each run covers"), "day");
    await userEvent.type(screen.getByLabelText("Runs at once"), "4");
    await userEvent.click(screen.getByRole("button", { name: "Show the runs" }));
    expect(await screen.findByText("It has incremental sources. Say 1.")).toBeInTheDocument();
  });

  it("does not start the runs of a paused pipeline", async () => {
    show([]);
    serve(ORDER, { body: outcome({ is_paused: true }) });
    await fill();
    await userEvent.click(screen.getByRole("button", { name: "Show the runs" }));
    expect(await screen.findByText(/would wait for ever/)).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Start 1 run" })).toBeDisabled();
  });

  it("has no orders for those without the right", async () => {
    show([backfill(8)], ["view"]);
    expect(await screen.findByText("3 done, 1 failed, 2 queued")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: /backfill/ })).not.toBeInTheDocument();
  });
});
