/** Graph → ELK's input, ELK's answer → positions. Pure: the worker that runs ELK is started elsewhere. */
import type { ElkExtendedEdge, ElkNode, ElkPort, LayoutOptions } from "elkjs/lib/elk-api";

import { DEFAULT_PORT, edgeId, fusedStages, type GraphEdge, type GraphNode, outPorts, type PipelineGraph } from "./model";

export const NODE_SIZE = { height: 56, width: 200 } as const;

/** What one port needs so that the row count beside it does not touch its neighbour's. */
const PORT_STEP = 18;

/** A router with many routes grows, all other nodes are of one height. */
export const nodeHeight = (node: Pick<GraphNode, "kind" | "ports">): number =>
  Math.max(NODE_SIZE.height, PORT_STEP * (outPorts(node).length + 1));

/** Above this many nodes the layout trades beauty for speed and draws no stage frames. */
export const FAST_ABOVE = 300;

const SPACING: LayoutOptions = {
  "elk.layered.spacing.edgeNodeBetweenLayers": "16",
  "elk.layered.spacing.nodeNodeBetweenLayers": "72",
  "elk.spacing.edgeEdge": "12",
  "elk.spacing.edgeNode": "20",
  "elk.spacing.nodeNode": "28",
};

/** Spacing is not inherited by frames. */
const FRAME: LayoutOptions = { ...SPACING, "elk.padding": "[top=36,left=16,bottom=16,right=16]" };

const CALM: LayoutOptions = {
  ...SPACING,
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.favorStraightEdges": "true",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.spacing.componentComponent": "48",
  // Routes are asked for in the coordinates of the whole drawing, not of the frame they start in.
  "elk.json.edgeCoords": "ROOT",
};

const FAST: LayoutOptions = {
  ...CALM,
  "elk.edgeRouting": "POLYLINE",
  "elk.hierarchyHandling": "SEPARATE_CHILDREN",
  "elk.layered.crossingMinimization.greedySwitch.type": "OFF",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.thoroughness": "1",
};

export const frameId = (stageId: string): string => `stage:${stageId}`;

const IN_PORT = "in";

/** Of two ports the default one keeps the middle, so that a chain of nodes lies on one line. */
const TWO_PORTS = [0.5, 0.84] as const;

/** Where a port lies on its side, from 0 at the top to 1; more than two are evenly spread. Also used where they are drawn. */
export const portOffset = (index: number, count: number): number =>
  (count === 2 ? TWO_PORTS[index] : undefined) ?? (index + 1) / (count + 1);

const portId = (nodeId: string, port: string): string => `${nodeId}.${port}`;

const elkPort = ({ id, kind, ports }: GraphNode, port: string, side: "EAST" | "WEST", offset: number): ElkPort => ({
  height: 0,
  id: portId(id, port),
  layoutOptions: { "elk.port.side": side },
  width: 0,
  x: side === "EAST" ? NODE_SIZE.width : 0,
  y: nodeHeight({ kind, ports }) * offset,
});

/** Every node has one port for what comes in, and one at least to hang an order on. */
const elkNode = (node: GraphNode): ElkNode => {
  const ports = outPorts(node);
  const out = ports.length > 0 ? ports : [DEFAULT_PORT];
  return {
    height: nodeHeight(node),
    id: node.id,
    layoutOptions: { "elk.portConstraints": "FIXED_POS" },
    ports: [elkPort(node, IN_PORT, "WEST", 0.5), ...out.map((port, index) => elkPort(node, port, "EAST", portOffset(index, out.length)))],
    width: NODE_SIZE.width,
  };
};

/** The port an edge leaves by; one that its node does not declare counts as the default. */
export const sourcePort = (edge: GraphEdge, source: GraphNode): string => {
  const ports = outPorts(source);
  const port = edge.kind === "after" ? DEFAULT_PORT : (edge.port ?? DEFAULT_PORT);
  return ports.includes(port) ? port : (ports[0] ?? DEFAULT_PORT);
};

/** ELK's graph: fused stages are parents of their nodes, unless there are too many nodes. */
export const toElk = (graph: PipelineGraph): ElkNode => {
  const fast = graph.nodes.length > FAST_ABOVE;
  const stages = fast ? [] : fusedStages(graph);
  const framed = new Set(stages.flatMap(({ nodes }) => nodes));
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const members = (ids: readonly string[]) => ids.flatMap((id) => byId.get(id) ?? []).map(elkNode);
  return {
    children: [
      ...stages.map(({ id, nodes }) => ({ children: members(nodes), id: frameId(id), layoutOptions: FRAME })),
      ...graph.nodes.filter(({ id }) => !framed.has(id)).map(elkNode),
    ],
    // An edge to a node that is not there would make ELK fail as a whole.
    edges: graph.edges.flatMap((edge) => {
      const source = byId.get(edge.source);
      return source && byId.has(edge.target)
        ? [{ id: edgeId(edge), sources: [portId(edge.source, sourcePort(edge, source))], targets: [portId(edge.target, IN_PORT)] }]
        : [];
    }),
    id: "root",
    layoutOptions: fast ? FAST : CALM,
  };
};

export type Point = { x: number; y: number };
export type Box = Point & { width: number; height: number; parent: string | null };
export type Layout = {
  /** By node or frame id; relative to the parent frame, as React Flow wants them. */
  boxes: Map<string, Box>;
  /** By edge id; every corner from port to port, in the coordinates of the whole drawing. */
  routes: Map<string, Point[]>;
  /** Of the whole drawing. */
  size: { width: number; height: number };
};

const routeOf = (edge: ElkExtendedEdge): Point[] =>
  (edge.sections ?? []).flatMap(({ bendPoints, endPoint, startPoint }) => [startPoint, ...(bendPoints ?? []), endPoint]);

export const fromElk = (root: ElkNode): Layout => {
  const boxes = new Map<string, Box>();
  const visit = (node: ElkNode, parent: string | null) => {
    for (const each of node.children ?? []) {
      boxes.set(each.id, { height: each.height ?? NODE_SIZE.height, parent, width: each.width ?? NODE_SIZE.width, x: each.x ?? 0, y: each.y ?? 0 });
      visit(each, each.id);
    }
  };
  visit(root, null);
  const routes = new Map((root.edges ?? []).map((edge) => [edge.id, routeOf(edge)] as const).filter(([, route]) => route.length > 1));
  return { boxes, routes, size: { height: root.height ?? 0, width: root.width ?? 0 } };
};
