import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Schemas } from "src/api/client";
import { renderAt } from "src/testing/render";
import { me, pipeline, run } from "src/testing/samples";
import { requestsOf, serve } from "src/testing/server";

import { RunDialog } from "./RunDialog";

const START = "POST /pipelines/cdr/runs";

const param = (name: string, type: Schemas["ParamField"]["type"], rest: Partial<Schemas["ParamField"]> = {}): Schemas["ParamField"] => ({
  default: null, description: null, name, required: false, type, ...rest,
});

const show = (summary: Partial<Schemas["PipelineSummary"]> = {}, rights: Schemas["Right"][] = ["view", "run", "edit"]) => {
  serve("GET /me", { body: me(rights) });
  serve("GET /pipelines/cdr", {
    body: { doc: null, findings: [], graph: null, params: [param("limit", "integer", { default: 5 }), param("region", "string", { required: true })], summary: pipeline("cdr", summary), yaml: null },
  });
  serve(START, { body: run("cdr", "manual__1"), status: 201 });
  return renderAt("/pipelines", "/pipelines", <RunDialog name="CDR" onClose={() => undefined} open pipelineId="cdr" />);
};

describe("RunDialog", () => {
  it("sends typed values and goes to the run", async () => {
    show();
    const limit = await screen.findByLabelText(/^limit/);
    await userEvent.clear(limit);
    await userEvent.type(limit, "7");
    await userEvent.type(screen.getByLabelText(/^region/), "north");
    await userEvent.click(screen.getByRole("button", { name: "Run" }));
    await waitFor(() => expect(screen.getByTestId("address")).toHaveTextContent("/monitor/runs/cdr~manual__1"));
    expect(requestsOf(START)[0]?.body).toEqual({ interval_end: null, interval_start: null, params: { limit: 7, region: "north" }, unpause: false });
  });

  it("sends nothing while a value is wrong", async () => {
    show();
    const limit = await screen.findByLabelText(/^limit/);
    await userEvent.type(limit, "x");
    await userEvent.click(screen.getByRole("button", { name: "Run" }));
    expect(await screen.findByText("`5x` is not a whole number.")).toBeInTheDocument();
    expect(screen.getByText("A value is needed.")).toBeInTheDocument();
    expect(requestsOf(START)).toHaveLength(0);
  });

  it("resumes a paused pipeline for an editor, and refuses it to others", async () => {
    const editor = show({ is_paused: true });
    await userEvent.type(await screen.findByLabelText(/^region/), "n");
    await userEvent.click(await screen.findByRole("button", { name: "Resume and run" }));
    await waitFor(() => expect(requestsOf(START)[0]?.body).toMatchObject({ unpause: true }));
    editor.unmount();
    show({ is_paused: true }, ["view", "run"]);
    expect(await screen.findByText("Ask somebody who may edit it to resume it first.")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Resume and run" })).toBeDisabled();
  });

  it("tells the server's refusal in place", async () => {
    show();
    serve(START, { body: { code: "DF-API-011", detail: "`region` is no region.", hint: "Use `north`." }, status: 422 });
    await userEvent.type(await screen.findByLabelText(/^region/), "x");
    await userEvent.click(screen.getByRole("button", { name: "Run" }));
    const named = await screen.findByText("north", { selector: "code" });
    expect(named.parentElement).toHaveTextContent("region is no region. Use north.");
  });
});
