import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { renderAt } from "src/testing/render";
import { me, page, pipeline } from "src/testing/samples";
import { requestsOf, serve } from "src/testing/server";

import { PipelinesScreen } from "./PipelinesScreen";

const show = (address = "/pipelines") => renderAt(address, "/pipelines", <PipelinesScreen />);

describe("PipelinesScreen", () => {
  it("offers Run and the pause switch to those who may", async () => {
    serve("GET /me", { body: me(["view", "run", "edit"]) });
    serve("GET /pipelines", { body: page([pipeline("hello_world"), pipeline("broken", { findings_count: 3, state: "invalid" })]) });
    show();
    const row = (await screen.findByRole("link", { name: "hello_world" })).closest("tr")!;
    expect(await within(row).findByRole("button", { name: "Run hello_world" })).toBeInTheDocument();
    expect(within(row).getByLabelText("hello_world is active")).toBeChecked();
    expect(screen.getByRole("link", { name: "3 findings" })).toHaveAttribute("href", "/pipelines/broken/yaml");
    expect(screen.queryByRole("button", { name: "Run broken" })).not.toBeInTheDocument();
  });

  it("offers nothing to a viewer", async () => {
    serve("GET /me", { body: me(["view"]) });
    serve("GET /pipelines", { body: page([pipeline("hello_world")]) });
    show();
    await screen.findByRole("link", { name: "hello_world" });
    await waitFor(() => expect(requestsOf("GET /me")).toHaveLength(1));
    expect(screen.queryByRole("button", { name: /^Run/ })).not.toBeInTheDocument();
    expect(screen.queryByRole("checkbox")).not.toBeInTheDocument();
  });

  it("asks for what the address says and keeps it there", async () => {
    serve("GET /me", { body: me(["view"]) });
    serve("GET /pipelines", { body: page([pipeline("hello_world")]) });
    show("/pipelines?workspace=telecom&state=failed&sort=-next_run&page=2");
    await userEvent.click(await screen.findByRole("button", { name: "Owner" }));
    await waitFor(() => expect(screen.getByTestId("address")).toHaveTextContent("sort=owner"));
    const queries = requestsOf("GET /pipelines").map(({ url }) => Object.fromEntries(url.searchParams));
    expect(queries[0]).toEqual({ limit: "50", offset: "50", sort: "-next_run", state: "failed", workspace: "telecom" });
    expect(queries.at(-1)).toMatchObject({ offset: "0", sort: "owner", state: "failed" });
  });

  it("says why nothing is shown", async () => {
    serve("GET /me", { body: me(["view"]) });
    serve("GET /pipelines", { body: page([]) });
    const empty = show();
    expect(await screen.findByText("No pipelines yet")).toBeInTheDocument();
    empty.unmount();
    show("/pipelines?search=zzz");
    expect(await screen.findByText("No pipeline matches")).toBeInTheDocument();
  });

  it("tells the server's reason and reads again on request", async () => {
    serve("GET /me", { body: me(["view"]) });
    serve("GET /pipelines", { body: { code: "DF-API-500", detail: "The database is away.", hint: "Start it." }, status: 500 });
    show();
    expect(await screen.findByText("The database is away. Start it.")).toBeInTheDocument();
    expect(screen.getByText("DF-API-500")).toBeInTheDocument();
    serve("GET /pipelines", { body: page([pipeline("hello_world")]) });
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(await screen.findByRole("link", { name: "hello_world" })).toBeInTheDocument();
  });
});
