import { Alert, Box, Table, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { formatInterval } from "src/format/interval";
import { formatCount, formatCounted } from "src/format/number";

import { countOf, decisionWords } from "./backfill";

type Props = { outcome: Schemas["BackfillOutcome"] };

/** Every run that would be made, left out or run again, and why; nothing has been changed. */
export const BackfillPlan = ({ outcome }: Props) => {
  const wanted = countOf(outcome, "run", "rerun", "rerun_failed_tasks");
  return (
    <Box>
      <Text aria-live="polite" fontSize="13px" fontWeight="500">
        {formatCounted(wanted, "run")} to do, {formatCount(countOf(outcome, "skip"))} left as they are
      </Text>
      {outcome.is_paused ? (
        <Alert.Root marginTop="2" size="sm" status="warning">
          <Alert.Indicator />
          <Alert.Content><Alert.Description>The pipeline is paused, so its runs would wait for ever. Resume it first.</Alert.Description></Alert.Content>
        </Alert.Root>
      ) : null}
      <Box borderRadius="6px" borderWidth="1px" marginTop="2" maxHeight="220px" overflow="auto" tabIndex={0}>
        <Table.Root aria-label="Runs of this backfill" css={{ "& td, & th": { paddingBlock: "1" } }} size="sm" stickyHeader>
          <Table.Header>
            <Table.Row bg="bg.muted">
              <Table.ColumnHeader color="fg.muted" fontSize="12px" scope="col">Data interval, UTC</Table.ColumnHeader>
              <Table.ColumnHeader color="fg.muted" fontSize="12px" scope="col">What happens</Table.ColumnHeader>
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {outcome.runs.map((run) => (
              <Table.Row fontSize="12px" key={`${run.interval_start}/${run.interval_end}`}>
                <Table.Cell fontVariantNumeric="tabular-nums" whiteSpace="nowrap">{formatInterval(run.interval_start, run.interval_end)}</Table.Cell>
                <Table.Cell color={run.decision === "skip" ? "fg.muted" : "fg"}>{decisionWords(run)}</Table.Cell>
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
      {outcome.more > 0 ? <Text color="fg.muted" fontSize="12px" marginTop="1">and {formatCount(outcome.more)} more</Text> : null}
    </Box>
  );
};
