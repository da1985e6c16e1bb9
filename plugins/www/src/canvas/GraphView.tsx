import { Box, Flex, SegmentGroup, Text } from "@chakra-ui/react";
import { useCallback } from "react";
import { useSearchParams } from "react-router-dom";

import { formatCounted } from "src/format/number";
import type { PipelineGraph } from "src/graph/model";
import type { NodeStatus } from "src/graph/status";

import { GraphCanvas } from "./GraphCanvas";
import { NodePanel } from "./NodePanel";
import { NodeTable } from "./NodeTable";

type Props = { graph: PipelineGraph; label: string; statuses: ReadonlyMap<string, NodeStatus> | null; openLog?: ((stageId: string) => void) | undefined };

const VIEWS = [{ label: "Graph", value: "graph" }, { label: "Table", value: "table" }];

/** Canvas or table, with the selected node's panel; both choices live in the address. */
export const GraphView = ({ graph, label, openLog, statuses }: Props) => {
  const [params, setParams] = useSearchParams();
  const asTable = params.get("view") === "table";
  const selected = params.get("node");
  const known = selected !== null && graph.nodes.some(({ id }) => id === selected) ? selected : null;
  const set = useCallback(
    (name: string, value: string | null) =>
      setParams((before) => {
        const after = new URLSearchParams(before);
        if (value === null) after.delete(name);
        else after.set(name, value);
        return after;
      }, { replace: true }),
    [setParams],
  );
  const select = useCallback((nodeId: string | null) => set("node", nodeId), [set]);
  return (
    <Flex height="100%" minHeight="0">
      <Box flex="1" minWidth="0" position="relative">
        {asTable ? (
          <Flex bg="bg" direction="column" height="100%">
            <Text color="fg.muted" flexShrink="0" fontSize="13px" lineHeight="48px" paddingX="4">
              {formatCounted(graph.nodes.length, "node")} in {formatCounted(graph.stages.length, "stage")}, in the order data flows
            </Text>
            <Box flex="1" minHeight="0"><NodeTable graph={graph} label={label} select={select} selected={known} statuses={statuses} /></Box>
          </Flex>
        ) : (
          <GraphCanvas graph={graph} label={label} openLog={openLog} select={select} selected={known} statuses={statuses} />
        )}
        <Box insetInlineEnd="3" position="absolute" top="3" zIndex="5">
          <SegmentGroup.Root aria-label="Show as" onValueChange={({ value }) => set("view", value === "table" ? "table" : null)} size="xs" value={asTable ? "table" : "graph"}>
            <SegmentGroup.Indicator />
            <SegmentGroup.Items items={VIEWS} />
          </SegmentGroup.Root>
        </Box>
      </Box>
      {known ? <NodePanel graph={graph} nodeId={known} onClose={() => select(null)} onOpenLog={openLog} onSelect={select} status={statuses?.get(known)} /> : null}
    </Flex>
  );
};
