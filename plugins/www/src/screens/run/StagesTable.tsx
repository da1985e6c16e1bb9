import { Box, Button, Table, Text } from "@chakra-ui/react";
import { LuLayers, LuScrollText } from "react-icons/lu";

import { EmptyState } from "src/feedback/EmptyState";
import { Elapsed } from "src/format/Elapsed";
import { formatCount } from "src/format/number";
import { Time } from "src/format/Time";
import type { RunStage } from "src/graph/status";
import { StateBadge } from "src/states/StateBadge";

type Props = { stages: readonly RunStage[]; openLog: ((stageId: string) => void) | undefined };

const HEADS = ["Stage", "State", "Try", "Started", "Duration"];
const NUMBERS = ["Rows out", "Rejected"];

const sum = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((total, value) => total + value, 0) : null;
};

/** What left the stage is what its last node let out. */
const rowsOut = ({ nodes }: RunStage): number | null => nodes.at(-1)?.rows_out ?? null;

/** Airflow counts retries: one try more is allowed than `max_tries` says. */
const triesOf = ({ max_tries, try_number }: RunStage): string => (try_number > 0 ? `${try_number} of ${max_tries + 1}` : "–");

const shown = (value: number | null) => (value === null ? "–" : formatCount(value));

export const StagesTable = ({ openLog, stages }: Props) => {
  if (stages.length === 0) return <EmptyState icon={LuLayers} title="No stage is known yet">They appear as soon as Airflow has queued the run.</EmptyState>;
  return (
    <Box height="100%" overflow="auto" tabIndex={0}>
      <Table.Root aria-label="Stages" css={{ "& td, & th": { height: "36px", paddingBlock: "0", whiteSpace: "nowrap" } }} interactive size="sm" stickyHeader>
        <Table.Header>
          <Table.Row bg="bg.muted">
            {HEADS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head}</Table.ColumnHeader>)}
            {NUMBERS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col" textAlign="right">{head}</Table.ColumnHeader>)}
            {["Nodes", "Error", "Log"].map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head}</Table.ColumnHeader>)}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {stages.map((stage) => (
            <Table.Row fontSize="13px" key={stage.id}>
              <Table.Cell fontWeight="500">{stage.id}</Table.Cell>
              <Table.Cell><StateBadge state={stage.state} /></Table.Cell>
              <Table.Cell color="fg.muted" fontVariantNumeric="tabular-nums">{triesOf(stage)}</Table.Cell>
              <Table.Cell><Time value={stage.start} /></Table.Cell>
              <Table.Cell><Elapsed running={stage.state === "running"} seconds={stage.duration_s} start={stage.start} /></Table.Cell>
              <Table.Cell fontVariantNumeric="tabular-nums" textAlign="right">{shown(rowsOut(stage))}</Table.Cell>
              <Table.Cell fontVariantNumeric="tabular-nums" textAlign="right">{shown(sum(stage.nodes.map((node) => node.rows_rejected)))}</Table.Cell>
              <Table.Cell color="fg.muted" maxWidth="260px" overflow="hidden" textOverflow="ellipsis" title={stage.nodes.map(({ id }) => id).join(", ")}>{stage.nodes.map(({ id }) => id).join(", ")}</Table.Cell>
              <Table.Cell maxWidth="320px"><Text color="failed.fg" fontSize="12px" title={stage.error ?? undefined} truncate>{stage.error ?? ""}</Text></Table.Cell>
              <Table.Cell>
                {openLog && stage.try_number > 0 ? (
                  <Button aria-label={`Open the log of ${stage.id}`} onClick={() => openLog(stage.id)} size="2xs" variant="ghost"><LuScrollText aria-hidden /> Log</Button>
                ) : null}
              </Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
};
