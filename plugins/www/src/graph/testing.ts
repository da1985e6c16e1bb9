/** Small graphs for tests. */
import type { GraphEdge, GraphNode, GraphStage } from "./model";

export const node = (id: string, type: string, rest: Partial<GraphNode> = {}): GraphNode => ({
  connection: "dwh", description: null, enabled: true, id, kind: type.split(".")[0] as GraphNode["kind"], label: id, meta: {}, ports: [], stage: id, type, ...rest,
});

export const edge = (source: string, target: string, rest: Partial<GraphEdge> = {}): GraphEdge => ({
  kind: "data", port: null, role: null, source, target, ...rest,
});

export const stage = (id: string, nodes: string[]): GraphStage => ({
  connection: "dwh", id, nodes, reason: "target", upstream: [],
});
