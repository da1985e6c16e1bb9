import { describe, expect, it } from "vitest";

import { edgeStatus, nodeOfInterest, nodeStatuses, progressOf, splitError, stageOfInterest, type RunNode, type RunStage } from "./status";
import { edge } from "./testing";

const runNode = (id: string, state: RunNode["state"], rest: Partial<RunNode> = {}): RunNode => ({
  id, rows_in: null, rows_out: null, rows_rejected: null, seconds: null, state, ...rest,
});

const runStage = (id: string, state: RunStage["state"], nodes: RunNode[], end: string | null = null): RunStage => ({
  duration_s: null, end, error: null, id, max_tries: 3, nodes, start: null, state, try_number: 1,
});

const stages = [
  runStage("a", "success", [runNode("a", "success", { rows_out: 10, rows_rejected: 2 })], "2026-01-01T00:00:02Z"),
  runStage("b", "running", [runNode("b", "running")]),
  runStage("c", "waiting", [runNode("c", "waiting")]),
];

describe("edgeStatus", () => {
  const statuses = nodeStatuses(stages);
  it("tells the rows of the port the edge leaves by", () => {
    expect(edgeStatus(edge("a", "b"), statuses)).toEqual({ done: false, flowing: true, rows: 10 });
    expect(edgeStatus(edge("a", "c", { port: "rejected" }), statuses)).toEqual({ done: false, flowing: false, rows: 2 });
  });
  it("does not invent rows for a route, an order, or a node that did not run", () => {
    expect(edgeStatus(edge("a", "b", { port: "gold" }), statuses).rows).toBeNull();
    expect(edgeStatus(edge("a", "b", { kind: "after" }), statuses)).toMatchObject({ flowing: false, rows: null });
    expect(edgeStatus(edge("ghost", "b"), statuses).rows).toBeNull();
  });
});

describe("stageOfInterest", () => {
  it("prefers failed, then running, then the last that ended", () => {
    expect(stageOfInterest(stages)?.id).toBe("b");
    expect(stageOfInterest([...stages, runStage("f", "failed", [])])?.id).toBe("f");
    expect(stageOfInterest([runStage("x", "success", [], "2026-01-01T00:00:09Z"), ...stages.slice(0, 1)])?.id).toBe("x");
    expect(stageOfInterest([])).toBeUndefined();
  });
});

describe("nodeOfInterest", () => {
  it("is what failed, else what runs, else none", () => {
    expect(nodeOfInterest(nodeStatuses(stages))).toBe("b");
    expect(nodeOfInterest(nodeStatuses([...stages, runStage("f", "failed", [runNode("f", "failed")])]))).toBe("f");
    expect(nodeOfInterest(nodeStatuses(stages.slice(0, 1)))).toBeNull();
  });
});

describe("progressOf", () => {
  it("counts ended stages", () => expect(progressOf(stages)).toEqual({ done: 1, total: 3 }));
});

describe("splitError", () => {
  it.each([
    ["duckdb.ConversionException: Could not convert '12,5'", "ConversionException", "Could not convert '12,5'"],
    ["Note: nothing of a class", null, "Note: nothing of a class"],
    ["DF-RUN-003: boom", null, "DF-RUN-003: boom"],
  ])("%s", (error, errorClass, message) => expect(splitError(error)).toEqual({ errorClass, message }));
});
