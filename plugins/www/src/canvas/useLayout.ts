import { useQuery } from "@tanstack/react-query";

import { layoutGraph } from "src/graph/elkWorker";
import { edgeId, type PipelineGraph } from "src/graph/model";

/** Two graphs with the same nodes, edges and stages lie the same way, whatever their states. */
const shapeOf = ({ edges, nodes, stages }: PipelineGraph): string =>
  JSON.stringify([nodes.map(({ id }) => id), edges.map(edgeId), stages.map(({ id, nodes: members }) => [id, members])]);

/** Positions from the worker, computed once per shape. */
export const useLayout = (graph: PipelineGraph) =>
  useQuery({ gcTime: 600_000, queryFn: () => layoutGraph(graph), queryKey: ["layout", shapeOf(graph)], retry: false, staleTime: Infinity });
