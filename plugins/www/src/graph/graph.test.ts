import ELK from "elkjs/lib/elk.bundled.js";
import { describe, expect, it } from "vitest";

import { FAST_ABOVE, frameId, fromElk, nodeHeight, toElk } from "./layout";
import { edgeId, fusedStages, type GraphEdge, type GraphNode, inFlowOrder, lineageOf, outPorts, type PipelineGraph, typeWord } from "./model";
import { edge, node, stage } from "./testing";

const graph: PipelineGraph = {
  edges: [edge("a", "b"), edge("b", "c"), edge("b", "d", { port: "rejected" }), edge("x", "c")],
  nodes: [node("c", "target.duckdb"), node("x", "source.file"), node("a", "source.duckdb"), node("b", "transform.filter", { ports: ["rejected"] }), node("d", "target.file")],
  stages: [stage("b", ["a", "b"]), stage("c", ["c"]), stage("d", ["d"]), stage("x", ["x"])],
};

const ids = (nodes: Iterable<GraphNode>) => [...nodes].map(({ id }) => id);

describe("lineageOf", () => {
  it("holds what feeds the node and what it feeds, and no sibling", () => {
    expect([...lineageOf("d", graph.edges)].sort()).toEqual(["a", "b", "d"]);
    expect([...lineageOf("b", graph.edges)].sort()).toEqual(["a", "b", "c", "d"]);
  });
  it("ends on a cycle", () => {
    const cycle: GraphEdge[] = [edge("p", "q"), edge("q", "p")];
    expect([...lineageOf("p", cycle)].sort()).toEqual(["p", "q"]);
  });
});

describe("inFlowOrder", () => {
  it("puts every node after its inputs", () => {
    const order = ids(inFlowOrder(graph));
    for (const { source, target } of graph.edges) expect(order.indexOf(source)).toBeLessThan(order.indexOf(target));
    expect(order).toHaveLength(5);
  });
  it("keeps nodes of a cycle", () => {
    expect(ids(inFlowOrder({ ...graph, edges: [edge("a", "b"), edge("b", "a")] })).sort()).toEqual(["a", "b", "c", "d", "x"]);
  });
});

describe("outPorts", () => {
  it("puts the default port first and gives a target none", () => {
    expect(outPorts(node("b", "transform.filter", { ports: ["rejected"] }))).toEqual(["out", "rejected"]);
    expect(outPorts(node("c", "target.duckdb"))).toEqual([]);
    expect(outPorts(node("lonely", "transform.sql"))).toEqual(["out"]);
  });
});

describe("edgeId", () => {
  it("tells parallel edges apart", () => {
    const parallel = [edge("a", "b"), edge("a", "b", { port: "rejected" }), edge("a", "b", { role: "left" }), edge("a", "b", { kind: "after" })];
    expect(new Set(parallel.map(edgeId)).size).toBe(4);
  });
});

describe("typeWord", () => {
  it("drops the kind, which the icon shows", () => {
    expect([typeWord("quality.column_rules"), typeWord("oddity")]).toEqual(["column_rules", "oddity"]);
  });
});

describe("layout", () => {
  it("frames fused stages and places every node right of its inputs", async () => {
    const { boxes, routes } = fromElk(await new ELK().layout(toElk(graph)));
    expect(fusedStages(graph).map(({ id }) => id)).toEqual(["b"]);
    expect(boxes.get("a")?.parent).toBe(frameId("b"));
    const x = (id: string): number => {
      const box = boxes.get(id)!;
      return box.x + (box.parent ? boxes.get(box.parent)!.x : 0);
    };
    for (const { source, target } of graph.edges) expect(x(target)).toBeGreaterThanOrEqual(x(source) + 200);
    const route = routes.get(edgeId(edge("b", "d", { port: "rejected" })))!;
    const rejectedY = (boxes.get("b")!.y + boxes.get(frameId("b"))!.y) + nodeHeight(graph.nodes[3]!) * 0.84;
    expect(route[0]!.x).toBeCloseTo(x("b") + 200);
    expect(route[0]!.y).toBeCloseTo(rejectedY);
    expect(route.at(-1)!.x).toBeCloseTo(x("d"));
  });

  it("survives an edge to a node that is not there", async () => {
    const broken = { ...graph, edges: [...graph.edges, edge("ghost", "a")] };
    expect(fromElk(await new ELK().layout(toElk(broken))).boxes.size).toBe(6);
  });

  it("gives a router room for its ports", () => {
    expect(nodeHeight(node("r", "transform.router", { ports: ["gold", "silver", "bronze"] }))).toBe(90);
    expect(nodeHeight(node("f", "transform.filter", { ports: ["rejected"] }))).toBe(56);
    expect(nodeHeight(node("t", "target.file"))).toBe(56);
  });

  it("draws no frames when the graph is large", () => {
    const nodes = Array.from({ length: FAST_ABOVE + 1 }, (_, index) => node(`n${index}`, "transform.sql"));
    const elk = toElk({ edges: [], nodes, stages: [stage("n1", ["n0", "n1"])] });
    expect(elk.children).toHaveLength(FAST_ABOVE + 1);
    expect(elk.layoutOptions?.["elk.layered.thoroughness"]).toBe("1");
  });
});
