import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { renderAt } from "src/testing/render";
import { me, run } from "src/testing/samples";
import { requestsOf, serve } from "src/testing/server";

import { RunHeader } from "./RunHeader";

const RESUME = "POST /runs/cdr/manual__1/resume";
const ended = run("cdr", "manual__1", { state: "failed" });

const show = (canResume: boolean, shown = ended) => {
  serve("GET /me", { body: me(["view", "run", "rerun"]) });
  renderAt("/", "/", <RunHeader canResume={canResume} link="over" run={shown} stages={[]} />);
};

describe("RunHeader", () => {
  it("goes on from the checkpoint after a question", async () => {
    serve(RESUME, { body: { ...ended, state: "queued" } });
    show(true);
    await userEvent.click(screen.getByRole("button", { name: "Go on from checkpoint" }));
    expect(requestsOf(RESUME)).toHaveLength(0);
    await userEvent.click(await screen.findByRole("button", { name: "Go on" }));
    await waitFor(() => expect(requestsOf(RESUME)).toHaveLength(1));
  });

  it("offers it only where the server says so", async () => {
    show(false);
    expect(await screen.findByRole("button", { name: "Run again" })).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Go on from checkpoint" })).toBeNull();
  });

  it("shows a cancelled run as cancelled and over", async () => {
    show(true, { ...ended, state: "cancelled" });
    expect(await screen.findByRole("button", { name: "Run again" })).toBeInTheDocument();
    expect(screen.getByText("Cancelled")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Cancel" })).toBeNull();
  });
});
