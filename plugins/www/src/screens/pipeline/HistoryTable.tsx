import { Box, chakra, Table, Text } from "@chakra-ui/react";
import { Link } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { formatCount } from "src/format/number";
import { formatDuration } from "src/format/time";
import { Time } from "src/format/Time";
import { runPath } from "src/shell/routes";
import { StateBadge } from "src/states/StateBadge";

type RecordedRun = Schemas["RecordedRun"];
type Props = { runs: readonly RecordedRun[] };

const HEADS = ["State", "Run", "Started"];
const NUMBERS = ["Duration", "Read", "Written", "Rejected"];

const shown = (value: number | null) => (value === null ? "–" : formatCount(value));

/** Why a run is what it is: its first error, or what made it a warning. */
const whyOf = ({ error, reasons }: RecordedRun): string => error?.split("\n")[0] ?? reasons.map(({ message }) => message).join("; ");

const HistoryRow = ({ run }: { run: RecordedRun }) => {
  const why = whyOf(run);
  return (
    <Table.Row fontSize="13px">
      <Table.Cell><StateBadge state={run.state} /></Table.Cell>
      <Table.Cell maxWidth="320px" overflow="hidden" textOverflow="ellipsis">
        <chakra.span _hover={{ textDecoration: "underline" }} asChild fontWeight="500"><Link title={run.run_id} to={runPath(run.pipeline_id, run.run_id)}>{run.run_id}</Link></chakra.span>
      </Table.Cell>
      <Table.Cell><Time fallback="not started" value={run.start} /></Table.Cell>
      <Table.Cell fontVariantNumeric="tabular-nums" textAlign="right">{formatDuration(run.duration_s)}</Table.Cell>
      {[run.rows_read, run.rows_written, run.rows_rejected].map((count, index) => <Table.Cell fontVariantNumeric="tabular-nums" key={NUMBERS[index + 1]} textAlign="right">{shown(count)}</Table.Cell>)}
      <Table.Cell maxWidth="360px"><Text color={run.state === "failed" ? "failed.fg" : "warning.fg"} fontSize="12px" title={why} truncate>{why}</Text></Table.Cell>
    </Table.Row>
  );
};

export const HistoryTable = ({ runs }: Props) => (
  <Box overflow="auto" tabIndex={0}>
    <Table.Root aria-label="Recorded runs, newest first" css={{ "& td, & th": { height: "37px", paddingBlock: "0", whiteSpace: "nowrap" } }} interactive size="sm">
      <Table.Header>
        <Table.Row bg="bg.muted">
          {HEADS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head}</Table.ColumnHeader>)}
          {NUMBERS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col" textAlign="right">{head}</Table.ColumnHeader>)}
          <Table.ColumnHeader color="fg.muted" fontSize="12px" scope="col">Why</Table.ColumnHeader>
        </Table.Row>
      </Table.Header>
      <Table.Body>{runs.map((run) => <HistoryRow key={run.run_id} run={run} />)}</Table.Body>
    </Table.Root>
  </Box>
);
