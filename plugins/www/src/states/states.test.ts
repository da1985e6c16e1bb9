import { describe, expect, it } from "vitest";

import { isActive, stateLook } from "./states";

describe("stateLook", () => {
  it("draws Airflow's states with their own tokens", () => {
    for (const state of ["running", "failed", "queued", "scheduled", "up_for_retry", "deferred", "upstream_failed", "skipped", "warning", "success"]) {
      expect(stateLook(state).token).toBe(state);
    }
  });
  it("shows a state it does not know by its own word", () => {
    expect(stateLook("newly_invented")).toMatchObject({ active: false, label: "newly invented", token: "none" });
    expect(stateLook(null).label).toBe("No state");
  });
});

describe("isActive", () => {
  it("tells what still moves from what has ended", () => {
    expect([isActive("running"), isActive("up_for_retry"), isActive("success"), isActive(null)]).toEqual([true, true, false, false]);
  });
});
