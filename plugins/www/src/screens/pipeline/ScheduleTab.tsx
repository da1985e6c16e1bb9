import { Box, Flex, Table, Text } from "@chakra-ui/react";
import { LuCalendarClock } from "react-icons/lu";

import { api, type Schemas } from "src/api/client";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Waiting } from "src/feedback/Waiting";
import { formatInterval } from "src/format/interval";
import { Time } from "src/format/Time";

type Props = { pipelineId: string };

const COUNT = 10;
const HEADS = ["Runs at", "In", "Data interval, UTC", "Notes"];

/** The wall clock of the schedule's zone, as the server wrote it: `2026-05-04T06:30:00+02:00` → `2026-05-04 06:30`. */
const localTime = (written: string) => written.slice(0, 16).replace("T", " ");

const NextRun = ({ run, zone }: { run: Schemas["UpcomingRun"]; zone: string | null }) => (
  <Table.Row fontSize="13px">
    <Table.Cell fontVariantNumeric="tabular-nums" title={zone ?? undefined}>{localTime(run.local_time)}</Table.Cell>
    <Table.Cell color="fg.muted"><Time value={run.due} /></Table.Cell>
    <Table.Cell color="fg.muted" fontVariantNumeric="tabular-nums">{formatInterval(run.interval_start, run.interval_end)}</Table.Cell>
    <Table.Cell whiteSpace="normal">{run.notes.join("; ") || "–"}</Table.Cell>
  </Table.Row>
);

export const ScheduleTab = ({ pipelineId }: Props) => {
  const next = api.useQuery("get", "/pipelines/{pipeline_id}/next-runs", { params: { path: { pipeline_id: pipelineId }, query: { count: COUNT } } }, { refetchInterval: 60_000 });
  if (next.isError && !next.data) return <ErrorState error={next.error} onRetry={() => void next.refetch()} title="The schedule could not be read" />;
  if (!next.data) return <Waiting label="Reading the schedule" />;
  const { is_paused: paused, runs, summary, timezone } = next.data;
  if (runs.length === 0) return <EmptyState icon={LuCalendarClock} title={summary ?? "This pipeline runs by hand"}>{timezone ? "Its schedule has ended: no run is to come." : "No clock starts it, so its next runs cannot be told."}</EmptyState>;
  return (
    <Flex direction="column" gap="3" height="100%" padding="6">
      <Text fontWeight="500">{summary}</Text>
      {paused ? <Text color="fg.muted" fontSize="13px" role="status">The pipeline is paused: none of these runs is made until it is active.</Text> : null}
      <Box bg="bg" borderRadius="8px" borderWidth="1px" minHeight="0" overflow="auto" tabIndex={0}>
        <Table.Root aria-label="Next runs" css={{ "& td, & th": { minHeight: "37px", whiteSpace: "nowrap" } }} size="sm" stickyHeader>
          <Table.Header>
            <Table.Row bg="bg.muted">
              {HEADS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col">{head === "Runs at" && timezone ? `${head} (${timezone})` : head}</Table.ColumnHeader>)}
            </Table.Row>
          </Table.Header>
          <Table.Body>{runs.map((run) => <NextRun key={run.due} run={run} zone={timezone} />)}</Table.Body>
        </Table.Root>
      </Box>
    </Flex>
  );
};
