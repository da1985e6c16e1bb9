import { describe, expect, it } from "vitest";

import { deriveBase, socketUrl } from "./base";

describe("deriveBase", () => {
  it.each([
    ["/dataflow/app/pipelines", ""],
    ["/dataflow/app", ""],
    ["/team/airflow/dataflow/app/monitor/runs/a~b", "/team/airflow"],
    ["/dataflow/app/pipelines/dataflow/app/x", ""],
    ["/elsewhere", ""],
  ])("%s has the prefix '%s'", (pathname, prefix) => {
    expect(deriveBase(pathname)).toEqual({
      api: `${prefix}/dataflow/api/v1`,
      app: `${prefix}/dataflow/app`,
      prefix,
    });
  });
});

describe("socketUrl", () => {
  it("follows the page's security", () => {
    expect(socketUrl("/ws", { host: "h:8080", protocol: "http:" })).toBe("ws://h:8080/dataflow/api/v1/ws");
    expect(socketUrl("/ws", { host: "h", protocol: "https:" })).toBe("wss://h/dataflow/api/v1/ws");
  });
});
