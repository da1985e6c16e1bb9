import { Badge, chakra, Table, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { CopyButton } from "src/feedback/CopyButton";
import { formatCount } from "src/format/number";
import { formatBytes } from "src/format/percent";
import { formatDuration } from "src/format/time";
import { StateBadge } from "src/states/StateBadge";

type RecordedNode = Schemas["RecordedNode"];
type Props = { nodes: readonly RecordedNode[] };

const NUMBERS = ["Rows in", "Rows out", "Rejected", "Bytes", "Time"];

const shown = (value: number | null) => (value === null ? "–" : formatCount(value));

/** How many of the node's rules held, and what the first broken one says. */
const rulesOf = ({ quality }: RecordedNode): { text: string; broken: boolean } => {
  if (quality.length === 0) return { broken: false, text: "" };
  const broken = quality.filter((rule) => rule["passed"] === false);
  const first = broken[0]?.["message"];
  return { broken: broken.length > 0, text: `${quality.length - broken.length} of ${quality.length} hold${typeof first === "string" ? `; ${first}` : ""}` };
};

const NodeRow = ({ node }: { node: RecordedNode }) => {
  const rules = rulesOf(node);
  return (
    <Table.Row fontSize="13px">
      <Table.Cell fontWeight="500">{node.id}{node.is_checkpoint ? <Badge fontSize="11px" fontWeight="400" marginLeft="2" variant="outline">checkpoint</Badge> : null}</Table.Cell>
      <Table.Cell color="fg.muted">{node.type ?? "–"}</Table.Cell>
      <Table.Cell><StateBadge state={node.state} /></Table.Cell>
      <Table.Cell color="fg.muted">{node.stage}</Table.Cell>
      {[shown(node.rows_in), shown(node.rows_out), shown(node.rows_rejected), formatBytes(node.bytes_moved), formatDuration(node.seconds)].map((text, index) => (
        <Table.Cell fontVariantNumeric="tabular-nums" key={NUMBERS[index]} textAlign="right">{text}</Table.Cell>
      ))}
      <Table.Cell maxWidth="320px"><Text color={rules.broken ? "warning.fg" : "fg.muted"} fontSize="12px" title={rules.text} truncate>{rules.text}</Text></Table.Cell>
      <Table.Cell>{node.sql ? <><CopyButton label={`Copy the SQL of ${node.stage}`} text={node.sql} /> <chakra.code color="fg.muted" fontSize="12px" title={node.sql.slice(0, 2000)}>{node.sql_hash?.slice(0, 8)}</chakra.code></> : null}</Table.Cell>
    </Table.Row>
  );
};

export const NodesTable = ({ nodes }: Props) => (
  <Table.Root aria-label="Nodes" css={{ "& td, & th": { height: "36px", paddingBlock: "0", whiteSpace: "nowrap" } }} interactive size="sm" stickyHeader>
    <Table.Header>
      <Table.Row bg="bg.muted">
        {["Node", "Type", "State", "Stage"].map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head}</Table.ColumnHeader>)}
        {NUMBERS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col" textAlign="right">{head}</Table.ColumnHeader>)}
        {["Rules", "SQL"].map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head}</Table.ColumnHeader>)}
      </Table.Row>
    </Table.Header>
    <Table.Body>{nodes.map((node) => <NodeRow key={node.id} node={node} />)}</Table.Body>
  </Table.Root>
);
