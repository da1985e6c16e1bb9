import { Box, Flex, Text } from "@chakra-ui/react";
import { useState } from "react";

import { api, type Schemas } from "src/api/client";
import { useApplyFix, useAskAgain } from "src/api/actions";
import { useRight } from "src/api/rights";
import { ConfirmDialog } from "src/dialogs/ConfirmDialog";
import { ErrorState } from "src/feedback/ErrorState";
import { toastError, toastSuccess } from "src/feedback/toaster";
import { Waiting } from "src/feedback/Waiting";
import { Told } from "src/format/Told";
import type { RunRef } from "src/shell/routes";

import { DiagnosedAction } from "./DiagnosedAction";
import { FailurePast } from "./FailurePast";
import { Feedback } from "./Feedback";
import { ModelOpinion } from "./ModelOpinion";

type Props = { run: RunRef; stageId: string; tryNumber: number };

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Why a try of a stage failed: the cause, the lines that tell it, and numbered things to do. */
export const DiagnosisPanel = ({ run: { pipelineId, runId }, stageId, tryNumber }: Props) => {
  const mayEdit = useRight("edit");
  const query = api.useQuery("get", "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/diagnosis", {
    params: { path: { pipeline_id: pipelineId, run_id: runId, stage_id: stageId }, query: { try_number: tryNumber } },
  }, { refetchOnWindowFocus: false, staleTime: Infinity });
  const [chosen, setChosen] = useState<Schemas["DiagnosisAction"] | null>(null);
  const fix = useApplyFix();
  const again = useAskAgain();
  if (query.isPending) return <Waiting label="Reading the log and looking for the cause" rows={4} />;
  if (query.isError) return <ErrorState compact error={query.error} onRetry={() => void query.refetch()} title="There is no diagnosis" />;
  const { actions, confidence, context, evidence, feedback, ran_text, ranked, root_cause, summary, text_hash } = query.data;
  const ask = () =>
    again.mutate(
      { body: {}, params: { path: { pipeline_id: pipelineId, run_id: runId, stage_id: stageId }, query: { try_number: tryNumber } } },
      { onError: (error) => toastError("There is no new diagnosis", error) },
    );
  const apply = (action: Schemas["DiagnosisAction"]) =>
    fix.mutate(
      { body: { action: action.number, run_id: runId, stage_id: stageId, text_hash, try_number: tryNumber }, params: { path: { pipeline_id: pipelineId } } },
      {
        onError: (error) => toastError("The file was not changed", error),
        onSettled: () => setChosen(null),
        onSuccess: () => { toastSuccess("The file was changed", "Run the pipeline again to use it."); void query.refetch(); },
      },
    );
  const others = ranked.slice(1).map((one) => `${one.root_cause} ${percent(one.confidence)}`).join(", ");
  return (
    <Flex direction="column" gap="3" height="100%" overflow="auto" padding="4">
      <Box>
        <Text as="h2" fontSize="14px" fontWeight="600" overflowWrap="anywhere"><Told text={summary} /></Text>
        <Text color="fg.muted" fontSize="12px">{root_cause === "unknown" ? "No cause is named" : `Cause ${root_cause}, ${percent(confidence)} sure`}{others ? `; less likely: ${others}` : ""}</Text>
      </Box>
      {evidence.length > 0 ? (
        <Box aria-label="Lines of the log" as="pre" bg="bg.subtle" borderRadius="md" fontFamily="mono" flexShrink="0" fontSize="12px" maxHeight="180px" overflow="auto" padding="2" role="figure" tabIndex={0} whiteSpace="pre-wrap">{evidence.join("\n")}</Box>
      ) : null}
      <ModelOpinion busy={again.isPending} found={query.data} onAsk={ask} />
      {ran_text === false ? <Text color="warning.fg" fontSize="12px">The pipeline was changed after this run. The changes below are for its newest text.</Text> : null}
      <Flex aria-label="What to do" as="ol" direction="column" gap="3" margin="0" padding="0">
        {actions.map((action) => <DiagnosedAction action={action} busy={fix.isPending && chosen?.number === action.number} key={action.number} onApply={mayEdit ? () => setChosen(action) : undefined} />)}
      </Flex>
      {context ? <FailurePast context={context} /> : null}
      <Feedback found={query.data} key={feedback?.own?.given_at ?? ""} run={{ pipelineId, runId }} stageId={stageId} tryNumber={tryNumber} />
      <ConfirmDialog busy={fix.isPending} confirm="Change the file" onClose={() => setChosen(null)} onConfirm={() => { if (chosen) apply(chosen); }} open={chosen !== null} title="Change the pipeline's file?">
        {chosen?.title}. The change is written only if nobody has edited the file since; the runs that exist stay as they are.
      </ConfirmDialog>
    </Flex>
  );
};
