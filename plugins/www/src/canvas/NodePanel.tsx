import { Box, Button, chakra, CloseButton, Flex, HStack, Stack, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";
import { LuScrollText } from "react-icons/lu";

import { formatCount } from "src/format/number";
import { formatDuration } from "src/format/time";
import type { PipelineGraph } from "src/graph/model";
import type { NodeStatus } from "src/graph/status";
import { StateBadge } from "src/states/StateBadge";

import { NodeIcon } from "./NodeIcon";

type Props = { graph: PipelineGraph; nodeId: string; status: NodeStatus | undefined; onClose: () => void; onSelect: (nodeId: string) => void; onOpenLog?: ((stageId: string) => void) | undefined };

const Fact = ({ children, name }: { children: ReactNode; name: string }) => (
  <Flex fontSize="13px" gap="3">
    <Text as="dt" color="fg.muted" flexShrink="0" width="104px">{name}</Text>
    <Box as="dd" flex="1" minWidth="0" overflowWrap="anywhere">{children}</Box>
  </Flex>
);

const NodeLinks = ({ ids, onSelect }: { ids: readonly string[]; onSelect: (nodeId: string) => void }) => (
  <HStack gap="1" wrap="wrap">
    {[...new Set(ids)].map((id) => <Button fontWeight="400" key={id} onClick={() => onSelect(id)} size="2xs" variant="surface">{id}</Button>)}
  </HStack>
);

/** All that is known of one node, beside the canvas. */
export const NodePanel = ({ graph, nodeId, onClose, onOpenLog, onSelect, status }: Props) => {
  const node = graph.nodes.find(({ id }) => id === nodeId);
  if (!node) return null;
  const stage = graph.stages.find(({ id }) => id === node.stage);
  const inputs = graph.edges.filter(({ target }) => target === nodeId).map(({ source }) => source);
  const outputs = graph.edges.filter(({ source }) => source === nodeId).map(({ target }) => target);
  return (
    <Flex aria-label={`Node ${node.label}`} as="aside" bg="bg" borderLeftWidth="1px" direction="column" flexShrink="0" height="100%" overflow="auto" width="380px">
      <Flex align="center" borderBottomWidth="1px" gap="2" paddingX="4" paddingY="3">
        <NodeIcon node={node} />
        <Text as="h2" flex="1" fontSize="16px" fontWeight="600" truncate>{node.label}</Text>
        <CloseButton aria-label="Close the node panel" onClick={onClose} size="xs" />
      </Flex>
      <Stack as="dl" gap="3" padding="4">
        {status ? <Fact name="State"><StateBadge state={status.state} /></Fact> : null}
        <Fact name="Type"><chakra.code fontSize="12px">{node.type}</chakra.code></Fact>
        {node.description ? <Fact name="Description">{node.description}</Fact> : null}
        {node.connection ? <Fact name="Connection">{node.connection}</Fact> : null}
        {stage ? (
          <Fact name="Stage">
            {stage.id}
            <Text color="fg.muted" fontSize="12px">{stage.nodes.length > 1 ? `${stage.nodes.length} nodes run as one statement. ` : ""}{stage.reason}</Text>
          </Fact>
        ) : <Fact name="Stage"><Text color="fg.muted">{node.enabled ? "Not planned" : "Disabled: does not run"}</Text></Fact>}
        {inputs.length > 0 ? <Fact name="Inputs"><NodeLinks ids={inputs} onSelect={onSelect} /></Fact> : null}
        {outputs.length > 0 ? <Fact name="Feeds"><NodeLinks ids={outputs} onSelect={onSelect} /></Fact> : null}
        {Object.entries(node.meta).map(([name, value]) => <Fact key={name} name={name.replaceAll("_", " ")}><chakra.code fontSize="12px" whiteSpace="pre-wrap">{value}</chakra.code></Fact>)}
        {status ? (
          <>
            <Fact name="Rows in">{status.rows_in === null ? "not measured" : formatCount(status.rows_in)}</Fact>
            <Fact name="Rows out">{status.rows_out === null ? "not measured" : formatCount(status.rows_out)}</Fact>
            {status.rows_rejected === null ? null : <Fact name="Rejected">{formatCount(status.rows_rejected)}</Fact>}
            <Fact name="Time">{formatDuration(status.seconds)}</Fact>
            {status.stage.error ? <Fact name="Error"><chakra.code color="failed.fg" fontSize="12px">{status.stage.error}</chakra.code></Fact> : null}
          </>
        ) : null}
      </Stack>
      {status && onOpenLog ? (
        <Box paddingBottom="4" paddingX="4"><Button onClick={() => onOpenLog(status.stage.id)} size="xs" variant="outline"><LuScrollText aria-hidden /> Open log</Button></Box>
      ) : null}
    </Flex>
  );
};
