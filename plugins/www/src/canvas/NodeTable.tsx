import { Box, chakra, HStack, Table, Text } from "@chakra-ui/react";

import { formatCount } from "src/format/number";
import { formatDuration } from "src/format/time";
import { inFlowOrder, type PipelineGraph } from "src/graph/model";
import type { NodeStatus } from "src/graph/status";
import { StateBadge } from "src/states/StateBadge";

import { NodeIcon } from "./NodeIcon";

type Props = { graph: PipelineGraph; label: string; selected: string | null; statuses: ReadonlyMap<string, NodeStatus> | null; select: (nodeId: string | null) => void };

const count = (value: number | null | undefined) => (value === null || value === undefined ? "–" : formatCount(value));

const inputsOf = (graph: PipelineGraph, nodeId: string): string =>
  graph.edges
    .filter(({ target }) => target === nodeId)
    .map(({ kind, port, source }) => (kind === "after" ? `after ${source}` : port ? `${source}.${port}` : source))
    .join(", ");

/** The same graph as rows, in the order data flows: for screen readers, for copying, for looking things up. */
export const NodeTable = ({ graph, label, select, selected, statuses }: Props) => (
  <Box height="100%" overflow="auto" tabIndex={0}>
    <Table.Root aria-label={label} css={{ "& td, & th": { height: "36px", paddingBlock: "0", whiteSpace: "nowrap" } }} interactive size="sm" stickyHeader>
      <Table.Header>
        <Table.Row bg="bg.muted">
          {["Node", "Type", "Stage", "Connection", "Inputs", ...(statuses ? ["State"] : [])].map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head}</Table.ColumnHeader>)}
          {statuses ? ["Rows in", "Rows out", "Rejected", "Time"].map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col" textAlign="right">{head}</Table.ColumnHeader>) : null}
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {inFlowOrder(graph).map((node) => {
          const status = statuses?.get(node.id);
          return (
            <Table.Row data-selected={node.id === selected || undefined} fontSize="13px" key={node.id}>
              <Table.Cell>
                <chakra.button _hover={{ textDecoration: "underline" }} aria-pressed={node.id === selected} cursor="pointer" fontWeight="500" onClick={() => select(node.id === selected ? null : node.id)} type="button">
                  <HStack gap="2"><NodeIcon node={node} size={14} />{node.label}</HStack>
                </chakra.button>
              </Table.Cell>
              <Table.Cell color="fg.muted">{node.type}</Table.Cell>
              <Table.Cell>{node.stage ?? <Text as="span" color="fg.muted">{node.enabled ? "–" : "disabled"}</Text>}</Table.Cell>
              <Table.Cell>{node.connection ?? "–"}</Table.Cell>
              <Table.Cell color="fg.muted">{inputsOf(graph, node.id) || "–"}</Table.Cell>
              {statuses ? (
                <>
                  <Table.Cell>{status ? <StateBadge state={status.state} /> : "–"}</Table.Cell>
                  {[status?.rows_in, status?.rows_out, status?.rows_rejected].map((value, index) => <Table.Cell fontVariantNumeric="tabular-nums" key={index} textAlign="right">{count(value)}</Table.Cell>)}
                  <Table.Cell fontVariantNumeric="tabular-nums" textAlign="right">{formatDuration(status?.seconds)}</Table.Cell>
                </>
              ) : null}
            </Table.Row>
          );
        })}
      </Table.Body>
    </Table.Root>
  </Box>
);
