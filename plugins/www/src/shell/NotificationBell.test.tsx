import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import type { Schemas } from "src/api/client";
import { renderAt } from "src/testing/render";
import { requestsOf, serve } from "src/testing/server";

import { NotificationBell } from "./NotificationBell";

const notification = (id: number, rest: Partial<Schemas["Notification"]> = {}): Schemas["Notification"] => ({
  deliveries: [], diagnosis: null, id, is_read: false, kind: "failure", last_seen_at: "2026-11-02T06:00:00Z", line: "DF-X: refused", node: "calls",
  occurrences: 2, pipeline_id: "usage", resolved_at: null, run_id: "r1", title: "usage failed", ...rest,
});

const show = () => renderAt("/pipelines", "/pipelines", <NotificationBell />);

describe("NotificationBell", () => {
  it("counts what is unread, shows it, and reads what is opened", async () => {
    const deliveries = [{ attempts: 6, error: "DF-NOTIFY-005: no answer", recipients: ["#dwh"], state: "failed", via: "slack" }];
    const items = [notification(7, { deliveries }), notification(6, { is_read: true, kind: "recovery", title: "usage runs again" })];
    serve("GET /notifications", { body: { items, total: 2, unread: 1 } });
    serve("POST /notifications/read", { body: { items, total: 2, unread: 0 } });
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Notifications, 1 unread" }));
    expect(await screen.findByText("usage failed")).toBeInTheDocument();
    expect(screen.getByText("Not sent by slack: DF-NOTIFY-005: no answer")).toBeInTheDocument();
    await userEvent.click(screen.getByText("usage failed"));
    expect(requestsOf("POST /notifications/read")[0]?.body).toEqual({ ids: [7] });
    expect(screen.getByTestId("address")).toHaveTextContent("/monitor/runs/usage~r1");
  }, 20_000);

  it("has nothing to tell", async () => {
    serve("GET /notifications", { body: { items: [], total: 0, unread: 0 } });
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Notifications" }));
    expect(await screen.findByText("Nothing to tell")).toBeInTheDocument();
  });
});
