import { CloseButton, Dialog, Portal } from "@chakra-ui/react";

import { api } from "src/api/client";
import { ErrorState } from "src/feedback/ErrorState";
import { Waiting } from "src/feedback/Waiting";

import { RunForm } from "./RunForm";

type Props = { pipelineId: string; name: string; open: boolean; onClose: () => void };

const Body = ({ onClose, pipelineId }: Pick<Props, "onClose" | "pipelineId">) => {
  const detail = api.useQuery("get", "/pipelines/{pipeline_id}", { params: { path: { pipeline_id: pipelineId } } });
  if (detail.isError) return <ErrorState compact error={detail.error} onRetry={() => void detail.refetch()} title="The parameters could not be read" />;
  if (!detail.data) return <Waiting label="Reading the parameters" rows={3} />;
  return <RunForm onClose={onClose} pipeline={detail.data} />;
};

/** Starts a run by hand: parameters and interval, both optional. */
export const RunDialog = ({ name, onClose, open, pipelineId }: Props) => (
  <Dialog.Root lazyMount onOpenChange={({ open: isOpen }) => (isOpen ? undefined : onClose())} open={open} unmountOnExit>
    <Portal>
      <Dialog.Backdrop />
      <Dialog.Positioner>
        <Dialog.Content maxWidth="480px">
          <Dialog.Header><Dialog.Title fontSize="16px">Run {name}</Dialog.Title></Dialog.Header>
          <Body onClose={onClose} pipelineId={pipelineId} />
          <Dialog.CloseTrigger asChild><CloseButton size="sm" /></Dialog.CloseTrigger>
        </Dialog.Content>
      </Dialog.Positioner>
    </Portal>
  </Dialog.Root>
);
