import { CloseButton, Dialog, Portal } from "@chakra-ui/react";

import { BackfillFormBody } from "./BackfillFormBody";

type Props = { pipelineId: string; name: string; scheduled: boolean; open: boolean; onClose: () => void };

/** Plans a backfill, shows every run of it, and begins it. */
export const BackfillDialog = ({ name, onClose, open, pipelineId, scheduled }: Props) => (
  <Dialog.Root lazyMount onOpenChange={({ open: isOpen }) => (isOpen ? undefined : onClose())} open={open} unmountOnExit>
    <Portal>
      <Dialog.Backdrop />
      <Dialog.Positioner>
        <Dialog.Content maxWidth="480px">
          <Dialog.Header><Dialog.Title fontSize="16px">Backfill {name}</Dialog.Title></Dialog.Header>
          <BackfillFormBody onClose={onClose} pipelineId={pipelineId} scheduled={scheduled} />
          <Dialog.CloseTrigger asChild><CloseButton size="sm" /></Dialog.CloseTrigger>
        </Dialog.Content>
      </Dialog.Positioner>
    </Portal>
  </Dialog.Root>
);
