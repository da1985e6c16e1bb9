import { describe, expect, it } from "vitest";

import { isPluginPage } from "./airflow";

describe("isPluginPage", () => {
  it.each([
    ["/plugin/dataflow", true],
    ["/plugin/dataflow/dataflow/app/pipelines/a", true],
    ["/plugin/dataflow-other", false],
    ["/dags/a/plugin/dataflow_pipeline", false],
  ])("%s → %s", (pathname, expected) => {
    expect(isPluginPage(pathname, "/plugin/dataflow")).toBe(expected);
  });
});
