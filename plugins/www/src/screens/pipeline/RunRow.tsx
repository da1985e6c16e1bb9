import { chakra, Table } from "@chakra-ui/react";
import { Link } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { Elapsed } from "src/format/Elapsed";
import { formatInterval } from "src/format/interval";
import { Time } from "src/format/Time";
import { runPath } from "src/shell/routes";
import { StateBadge } from "src/states/StateBadge";

type Props = { run: Schemas["Run"] };

export const RunRow = ({ run }: Props) => (
  <Table.Row fontSize="13px">
    <Table.Cell><StateBadge state={run.state} /></Table.Cell>
    <Table.Cell maxWidth="360px" overflow="hidden" textOverflow="ellipsis">
      <chakra.span _hover={{ textDecoration: "underline" }} asChild fontWeight="500">
        <Link title={run.run_id} to={runPath(run.pipeline_id, run.run_id)}>{run.run_id}</Link>
      </chakra.span>
    </Table.Cell>
    <Table.Cell color="fg.muted">{run.run_type.replaceAll("_", " ")}</Table.Cell>
    <Table.Cell><Time fallback={run.state === "queued" ? "waiting" : "–"} value={run.start} /></Table.Cell>
    <Table.Cell><Elapsed running={run.state === "running"} seconds={run.duration_s} start={run.start} /></Table.Cell>
    <Table.Cell color="fg.muted" fontVariantNumeric="tabular-nums">{formatInterval(run.interval_start, run.interval_end)}</Table.Cell>
    <Table.Cell>{run.triggered_by ?? "–"}</Table.Cell>
  </Table.Row>
);
