import { Box, Button, Flex, Table, Text } from "@chakra-ui/react";
import { useState } from "react";
import { LuHistory, LuPlus } from "react-icons/lu";

import { useCancelBackfill } from "src/api/actions";
import { api, type Schemas } from "src/api/client";
import { useRight } from "src/api/rights";
import { BackfillDialog } from "src/dialogs/BackfillDialog";
import { ConfirmDialog } from "src/dialogs/ConfirmDialog";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Waiting } from "src/feedback/Waiting";

import { BackfillRow } from "./BackfillRow";

type Props = { summary: Schemas["PipelineSummary"] };

const HEADS = ["State", "No.", "Runs begin at, UTC", "Progress", "At once", "Made", "By", "Orders"];
const AT_RIGHT = ["At once", "Orders"];

/** The pipeline's backfills with how far each is; a new one is planned before it is begun. */
export const BackfillsTab = ({ summary: { id: pipelineId, name, schedule } }: Props) => {
  const [asking, setAsking] = useState(false);
  const [ending, setEnding] = useState<Schemas["Backfill"] | null>(null);
  const mayRerun = useRight("rerun");
  const cancel = useCancelBackfill();
  const list = api.useQuery("get", "/pipelines/{pipeline_id}/backfills", { params: { path: { pipeline_id: pipelineId } } }, {
    refetchInterval: ({ state }) => (state.data?.items.some((each) => each.state === "running") ? 3_000 : 15_000),
  });
  if (list.isError && !list.data) return <ErrorState error={list.error} onRetry={() => void list.refetch()} title="The backfills could not be read" />;
  if (!list.data) return <Waiting label="Reading the backfills" />;
  const { items } = list.data;
  const create = mayRerun ? <Button onClick={() => setAsking(true)} size="sm"><LuPlus aria-hidden /> New backfill</Button> : null;
  return (
    <Flex direction="column" gap="3" height="100%" padding="6">
      {items.length === 0 ? <EmptyState action={create} icon={LuHistory} title="This pipeline has no backfills">A backfill runs the pipeline for past intervals, and shows every run before it makes one.</EmptyState> : (
        <>
          <Flex justify="flex-end">{create}</Flex>
          <Box bg="bg" borderRadius="8px" borderWidth="1px" minHeight="0" overflow="auto" tabIndex={0}>
            <Table.Root aria-label="Backfills, newest first" css={{ "& td, & th": { height: "37px", paddingBlock: "0", whiteSpace: "nowrap" } }} size="sm" stickyHeader>
              <Table.Header>
                <Table.Row bg="bg.muted">
                  {HEADS.map((head) => <Table.ColumnHeader color="fg.muted" fontSize="12px" key={head} scope="col" textAlign={AT_RIGHT.includes(head) ? "right" : undefined}>{head}</Table.ColumnHeader>)}
                </Table.Row>
              </Table.Header>
              <Table.Body>{items.map((each) => <BackfillRow backfill={each} key={each.id} onCancel={setEnding} pipelineId={pipelineId} />)}</Table.Body>
            </Table.Root>
          </Box>
        </>
      )}
      {list.isError ? <Text color="failed.fg" fontSize="12px" role="status">The list could not be renewed; it shows what was read last.</Text> : null}
      <BackfillDialog name={name} onClose={() => setAsking(false)} open={asking} pipelineId={pipelineId} scheduled={schedule?.cron != null} />
      <ConfirmDialog
        busy={cancel.isPending}
        confirm="Cancel the backfill"
        destructive
        onClose={() => setEnding(null)}
        onConfirm={() => ending && cancel.mutate({ params: { path: { backfill_id: ending.id, pipeline_id: pipelineId } } }, { onSettled: () => setEnding(null) })}
        open={ending !== null}
        title={`Cancel backfill ${ending?.id ?? ""}?`}
      >
        Runs that have not started are cancelled for good; those at work go on to their end.
      </ConfirmDialog>
    </Flex>
  );
};
