import { Box } from "@chakra-ui/react";
import { Background, BackgroundVariant, Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useMemo, useRef, useState } from "react";

import { ErrorState } from "src/feedback/ErrorState";
import { Waiting } from "src/feedback/Waiting";
import type { PipelineGraph } from "src/graph/model";
import { nodeOfInterest, type NodeStatus } from "src/graph/status";
import { firstView } from "src/graph/viewport";
import { useKeys } from "src/shell/keys";
import { stateLook } from "src/states/states";
import { useColorMode } from "src/theme/colorMode";

import "./canvas.css";
import { CanvasProvider, type CanvasActions } from "./context";
import { toFlow, type FlowNode } from "./flow";
import { FlowEdgeView } from "./FlowEdgeView";
import { FrameNodeView } from "./FrameNodeView";
import { StepNodeView } from "./StepNodeView";
import { useLayout } from "./useLayout";

type Props = {
  graph: PipelineGraph;
  label: string;
  selected: string | null;
  /** Null outside a run. */
  statuses: ReadonlyMap<string, NodeStatus> | null;
} & CanvasActions;

const nodeTypes = { frame: FrameNodeView, step: StepNodeView };
const edgeTypes = { flow: FlowEdgeView };
const FIT = { maxZoom: 1, padding: 0.12 };
const MAP_SIZE = { height: 96, width: 144 };
const VISIBLE_ONLY_ABOVE = 150;

const miniMapColor = (node: FlowNode): string =>
  node.type === "step" && node.data.status ? `var(--chakra-colors-${stateLook(node.data.status.state).token}-solid)` : "var(--chakra-colors-border-emphasized)";

const Canvas = ({ graph, label, openLog, select, selected, statuses }: Props) => {
  const layout = useLayout(graph);
  const mode = useColorMode((state) => state.mode);
  // A map helps only where not all is in sight.
  const [mapped, setMapped] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const { fitView } = useReactFlow();
  useKeys({ escape: () => select(null), f: () => void fitView(FIT) });
  const places = layout.data;
  const flow = useMemo(() => (places ? toFlow({ graph, layout: places, selected, statuses }) : null), [graph, places, selected, statuses]);
  const focus = selected ?? (statuses ? nodeOfInterest(statuses) : null);
  const actions = useMemo(() => ({ openLog, select }), [openLog, select]);
  if (layout.isError) return <ErrorState error={layout.error} onRetry={() => void layout.refetch()} title="The graph could not be laid out" />;
  if (!flow) return <Waiting label="Laying out the graph" rows={5} />;
  return (
    <CanvasProvider value={actions}>
      <ReactFlow
        aria-label={label}
        colorMode={mode}
        edges={flow.edges}
        edgesFocusable={false}
        edgeTypes={edgeTypes}
        elementsSelectable={false}
        maxZoom={2}
        minZoom={0.05}
        nodes={flow.nodes}
        nodesConnectable={false}
        nodesDraggable={false}
        nodesFocusable={false}
        nodeTypes={nodeTypes}
        onlyRenderVisibleElements={graph.nodes.length > VISIBLE_ONLY_ABOVE}
        onInit={({ setViewport }) => {
          const pane = frame.current?.getBoundingClientRect();
          if (!places || !pane) return;
          const { viewport, whole } = firstView(places, pane, focus);
          setMapped(!whole);
          void setViewport(viewport);
        }}
        onPaneClick={() => select(null)}
        ref={frame}
      >
        <Background gap={16} size={1} variant={BackgroundVariant.Dots} />
        <Controls fitViewOptions={FIT} showInteractive={false} />
        {mapped ? <MiniMap nodeColor={miniMapColor} pannable style={MAP_SIZE} zoomable /> : null}
      </ReactFlow>
    </CanvasProvider>
  );
};

/** The graph of a pipeline or of a run; calm, read-only, its lineage lit by selection. */
export const GraphCanvas = (props: Props) => (
  <Box height="100%" minHeight="0" position="relative" width="100%">
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  </Box>
);
