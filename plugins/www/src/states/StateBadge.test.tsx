import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { renderAt } from "src/testing/render";

import { RunBars } from "./RunBars";
import { StateBadge } from "./StateBadge";

describe("StateBadge", () => {
  it("says its word beside a sign that screen readers skip", () => {
    renderAt("/", "/", <StateBadge state="upstream_failed" />);
    expect(screen.getByText("Upstream failed").querySelector("svg")).toHaveAttribute("aria-hidden", "true");
  });
});

describe("RunBars", () => {
  it("is one picture with a summary", () => {
    renderAt("/", "/", <RunBars runs={[{ duration_s: 3, run_id: "a", state: "failed" }, { duration_s: 1, run_id: "b", state: "success" }, { duration_s: null, run_id: "c", state: "success" }]} />);
    expect(screen.getByRole("img", { name: "Last 3 runs: 1 failed, 2 success" })).toBeInTheDocument();
  });
});
