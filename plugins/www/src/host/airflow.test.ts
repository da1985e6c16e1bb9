import { describe, expect, it } from "vitest";

import { pathInPlugin } from "./airflow";

describe("pathInPlugin", () => {
  it.each([
    ["/plugin/dataflow", "/"],
    ["/plugin/dataflow/pipelines/a", "/pipelines/a"],
    ["/plugin/dataflow-other", null],
    ["/dags/a/plugin/dataflow", null],
  ])("%s → %s", (pathname, expected) => {
    expect(pathInPlugin(pathname, "/plugin/dataflow")).toBe(expected);
  });
});
