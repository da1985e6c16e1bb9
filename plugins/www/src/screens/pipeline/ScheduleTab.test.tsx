import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { renderAt } from "src/testing/render";
import { serve } from "src/testing/server";

import { ScheduleTab } from "./ScheduleTab";

const run = { due: "2026-05-04T04:30:00Z", interval_end: "2026-05-04T04:30:00Z", interval_start: "2026-04-30T04:30:00Z", local_time: "2026-05-04T06:30:00+02:00", notes: ["includes the closed 2026-05-01 (National Day)"] };
const show = (body: object) => {
  serve("GET /pipelines/usage/next-runs", { body });
  renderAt("/pipelines/usage/schedule", "/pipelines/:pipelineId/:tab", <ScheduleTab pipelineId="usage" />);
};

describe("ScheduleTab", () => {
  it("shows the next runs on the schedule's own clock, with their notes", async () => {
    show({ is_paused: true, runs: [run], summary: "06:30 Warsaw, Polish business days", timezone: "Europe/Warsaw" });
    expect(await screen.findByText("06:30 Warsaw, Polish business days")).toBeInTheDocument();
    expect(screen.getByRole("cell", { name: "2026-05-04 06:30" })).toBeInTheDocument();
    expect(screen.getByText(/National Day/)).toBeInTheDocument();
    expect(screen.getByText(/is paused: none of these runs/)).toBeInTheDocument();
  });

  it("says why there are none", async () => {
    show({ is_paused: false, runs: [], summary: "after orders_daily", timezone: null });
    expect(await screen.findByText("after orders_daily")).toBeInTheDocument();
  });
});
