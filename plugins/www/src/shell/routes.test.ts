import { describe, expect, it } from "vitest";

import { parseRunRef, runPath } from "./routes";

describe("runPath and parseRunRef", () => {
  it("carry Airflow's run ids through an address", () => {
    const runId = "scheduled__2026-11-22T06:30:00+00:00";
    const segment = runPath("cdr_daily", runId).replace("/monitor/runs/", "");
    expect(segment).not.toMatch(/[:+]/);
    expect(parseRunRef(decodeURIComponent(segment))).toEqual({ pipelineId: "cdr_daily", runId });
  });
  it.each(["", "~run", "pipeline~", "pipeline"])("refuses '%s'", (segment) => expect(parseRunRef(segment)).toBeNull());
});
