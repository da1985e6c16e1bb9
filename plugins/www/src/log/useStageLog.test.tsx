import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { renderAt } from "src/testing/render";
import { requestsOf, serve } from "src/testing/server";

import { useStageLog } from "./useStageLog";

const ROUTE = "GET /runs/cdr/manual__1/stages/mart/log";

const Probe = () => {
  const { lines, reading } = useStageLog({ pipelineId: "cdr", runId: "manual__1" }, "mart", 2, false);
  return <p>{lines.map(({ message, number }) => `${number} ${message}`).join(", ")} {reading ? "reading" : "done"}</p>;
};

const line = (message: string) => ({ level: "info", logger: null, message, time: null });

describe("useStageLog", () => {
  it("reads from the beginning to the end, page by page", async () => {
    serve(ROUTE, ({ url }) => {
      const token = url.searchParams.get("token");
      const last = token === "next";
      return { body: { done: last, lines: [line(last ? "second" : "first")], token: last ? null : "next", try_number: 2 } };
    });
    renderAt("/", "/", <Probe />);
    await waitFor(() => expect(screen.getByText("1 first, 2 second done")).toBeInTheDocument());
    const asked = requestsOf(ROUTE).map(({ url }) => [url.searchParams.get("try_number"), url.searchParams.get("token")]);
    expect(asked).toEqual([["2", ""], ["2", "next"]]);
  });
});
