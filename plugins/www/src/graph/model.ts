/** A pipeline's graph as the server describes it, and the questions the screens ask of it. Free of React. */
import type { components } from "src/api/schema";

type Schemas = components["schemas"];

export type PipelineGraph = Schemas["Graph"];
export type GraphNode = Schemas["GraphNode"];
export type GraphEdge = Schemas["GraphEdge"];
export type GraphStage = Schemas["GraphStage"];

/** The port that carries what is not carried by a named one. */
export const DEFAULT_PORT = "out";

export const edgeId = ({ kind, port, role, source, target }: GraphEdge): string =>
  `${source}.${port ?? DEFAULT_PORT}→${target}.${role ?? ""}(${kind})`;

/** `transform.sql` → `sql`. */
export const typeWord = (type: string): string => type.slice(type.indexOf(".") + 1);

/** The ports edges may leave from, the default one first; data ends in a target. */
export const outPorts = ({ kind, ports }: Pick<GraphNode, "kind" | "ports">): string[] =>
  kind === "target" ? ports : [DEFAULT_PORT, ...ports.filter((port) => port !== DEFAULT_PORT)];

const reach = (start: string, next: ReadonlyMap<string, readonly string[]>): Set<string> => {
  const seen = new Set([start]);
  const waiting = [start];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const neighbour of next.get(id) ?? []) {
      if (!seen.has(neighbour)) {
        seen.add(neighbour);
        waiting.push(neighbour);
      }
    }
  }
  return seen;
};

const neighbours = (edges: readonly GraphEdge[], from: "source" | "target", to: "source" | "target"): Map<string, string[]> => {
  const map = new Map<string, string[]>();
  for (const edge of edges) map.set(edge[from], [...(map.get(edge[from]) ?? []), edge[to]]);
  return map;
};

/** The node, everything that feeds it and everything it feeds; siblings on other branches stay out. */
export const lineageOf = (nodeId: string, edges: readonly GraphEdge[]): Set<string> =>
  new Set([...reach(nodeId, neighbours(edges, "target", "source")), ...reach(nodeId, neighbours(edges, "source", "target"))]);

/** Stages that fuse several nodes; a stage of one node needs no frame of its own. */
export const fusedStages = (graph: PipelineGraph): GraphStage[] => graph.stages.filter(({ nodes }) => nodes.length > 1);

/** Nodes in the order data flows, for tables and screen readers; nodes on a cycle come last in the order given. */
export const inFlowOrder = (graph: PipelineGraph): GraphNode[] => {
  const open = new Map(graph.nodes.map(({ id }) => [id, new Set(graph.edges.filter(({ target }) => target === id).map(({ source }) => source))]));
  const ordered: GraphNode[] = [];
  const left = new Set(graph.nodes);
  for (let progressed = true; progressed; ) {
    progressed = false;
    for (const node of left) {
      if ([...(open.get(node.id) ?? [])].every((source) => !open.has(source))) {
        ordered.push(node);
        left.delete(node);
        open.delete(node.id);
        progressed = true;
      }
    }
  }
  return [...ordered, ...left];
};
