/** Graph → ELK's input, ELK's answer → positions. Pure: the worker that runs ELK is started elsewhere. */
import type { ElkNode, LayoutOptions } from "elkjs/lib/elk-api";

import { edgeId, fusedStages, type PipelineGraph } from "./model";

export const NODE_SIZE = { height: 56, width: 200 } as const;

/** Above this many nodes the layout trades beauty for speed and draws no stage frames. */
export const FAST_ABOVE = 300;

const FRAME_PADDING = "[top=36,left=16,bottom=16,right=16]";

const CALM: LayoutOptions = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.favorStraightEdges": "true",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
  "elk.layered.spacing.nodeNodeBetweenLayers": "72",
  "elk.spacing.componentComponent": "48",
  "elk.spacing.nodeNode": "32",
};

const FAST: LayoutOptions = {
  ...CALM,
  "elk.edgeRouting": "POLYLINE",
  "elk.hierarchyHandling": "SEPARATE_CHILDREN",
  "elk.layered.crossingMinimization.greedySwitch.type": "OFF",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.thoroughness": "1",
};

export const framePrefix = "stage:";
export const frameId = (stageId: string): string => framePrefix + stageId;

/** ELK's graph: fused stages are parents of their nodes, unless there are too many nodes. */
export const toElk = (graph: PipelineGraph): ElkNode => {
  const fast = graph.nodes.length > FAST_ABOVE;
  const stages = fast ? [] : fusedStages(graph);
  const framed = new Set(stages.flatMap(({ nodes }) => nodes));
  const known = new Set(graph.nodes.map(({ id }) => id));
  const child = (id: string): ElkNode => ({ height: NODE_SIZE.height, id, width: NODE_SIZE.width });
  return {
    children: [
      ...stages.map(({ id, nodes }) => ({
        children: nodes.filter((node) => known.has(node)).map(child),
        id: frameId(id),
        layoutOptions: { "elk.padding": FRAME_PADDING },
      })),
      ...graph.nodes.filter(({ id }) => !framed.has(id)).map(({ id }) => child(id)),
    ],
    // An edge to a node that is not there would make ELK fail as a whole.
    edges: graph.edges
      .filter(({ source, target }) => known.has(source) && known.has(target))
      .map((edge) => ({ id: edgeId(edge), sources: [edge.source], targets: [edge.target] })),
    id: "root",
    layoutOptions: fast ? FAST : CALM,
  };
};

export type Box = { x: number; y: number; width: number; height: number; parent: string | null };

/** Positions by id, relative to the parent frame, as React Flow wants them. */
export const fromElk = (root: ElkNode): Map<string, Box> => {
  const boxes = new Map<string, Box>();
  const visit = (node: ElkNode, parent: string | null) => {
    for (const each of node.children ?? []) {
      boxes.set(each.id, { height: each.height ?? NODE_SIZE.height, parent, width: each.width ?? NODE_SIZE.width, x: each.x ?? 0, y: each.y ?? 0 });
      visit(each, each.id);
    }
  };
  visit(root, null);
  return boxes;
};
