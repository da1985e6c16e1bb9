/** Graph, positions and run status → React Flow's nodes and edges. */
import type { Edge, Node } from "@xyflow/react";

import { frameId, type Layout, nodeHeight, NODE_SIZE, type Point, sourcePort } from "src/graph/layout";
import { edgeId, fusedStages, lineageOf, type GraphEdge, type GraphNode, type GraphStage, type PipelineGraph } from "src/graph/model";
import { edgeStatus, type EdgeStatus, type NodeStatus } from "src/graph/status";

export type StepNode = Node<{ node: GraphNode; status: NodeStatus | undefined; running: boolean; dimmed: boolean; lit: boolean }, "step">;
export type FrameNode = Node<{ stage: GraphStage; state: string | undefined }, "frame">;
export type FlowNode = StepNode | FrameNode;
export type FlowEdge = Edge<{ edge: GraphEdge; route: readonly Point[]; status: EdgeStatus; dimmed: boolean; lit: boolean; labelled: boolean }, "flow">;

export type FlowInput = {
  graph: PipelineGraph;
  layout: Layout;
  /** Null outside a run. */
  statuses: ReadonlyMap<string, NodeStatus> | null;
  selected: string | null;
};

const toFrames = ({ graph, layout: { boxes }, statuses }: FlowInput): FrameNode[] =>
  fusedStages(graph).flatMap((stage) => {
    const box = boxes.get(frameId(stage.id));
    if (!box) return [];
    return [{
      data: { stage, state: statuses?.get(stage.id)?.stage.state },
      focusable: false,
      height: box.height,
      id: frameId(stage.id),
      position: { x: box.x, y: box.y },
      selectable: false,
      type: "frame" as const,
      width: box.width,
      zIndex: -1,
    }];
  });

const toSteps = ({ graph, layout: { boxes }, selected, statuses }: FlowInput, lineage: ReadonlySet<string> | null): StepNode[] =>
  graph.nodes.flatMap((node) => {
    const box = boxes.get(node.id);
    if (!box) return [];
    return [{
      data: {
        dimmed: lineage !== null && !lineage.has(node.id),
        lit: lineage?.has(node.id) ?? false,
        node,
        running: statuses !== null,
        status: statuses?.get(node.id),
      },
      height: nodeHeight(node),
      id: node.id,
      ...(box.parent ? { parentId: box.parent } : {}),
      position: { x: box.x, y: box.y },
      selected: node.id === selected,
      type: "step" as const,
      width: NODE_SIZE.width,
    }];
  });

const toEdges = ({ graph, layout: { boxes, routes }, statuses }: FlowInput, lineage: ReadonlySet<string> | null): FlowEdge[] => {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const labelled = new Set<string>();
  return graph.edges.flatMap((edge) => {
    const source = byId.get(edge.source);
    if (!source || !boxes.has(edge.source) || !boxes.has(edge.target)) return [];
    const lit = lineage !== null && lineage.has(edge.source) && lineage.has(edge.target);
    const port = sourcePort(edge, source);
    // All edges of a port carry the same rows: the first tells them.
    const first = edge.kind === "data" && !labelled.has(`${edge.source}.${port}`);
    if (first) labelled.add(`${edge.source}.${port}`);
    return [{
      data: { dimmed: lineage !== null && !lit, edge, labelled: first, lit, route: routes.get(edgeId(edge)) ?? [], status: edgeStatus(edge, statuses ?? new Map()) },
      focusable: false,
      id: edgeId(edge),
      selectable: false,
      source: edge.source,
      sourceHandle: port,
      target: edge.target,
      targetHandle: "in",
      type: "flow" as const,
      ...(lit ? { zIndex: 1 } : {}),
    }];
  });
};

/** Frames first: React Flow wants parents before their children. */
export const toFlow = (input: FlowInput): { nodes: FlowNode[]; edges: FlowEdge[] } => {
  const lineage = input.selected === null ? null : lineageOf(input.selected, input.graph.edges);
  return { edges: toEdges(input, lineage), nodes: [...toFrames(input), ...toSteps(input, lineage)] };
};
