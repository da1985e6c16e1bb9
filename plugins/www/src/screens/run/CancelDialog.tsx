import { useCancelRun } from "src/api/actions";
import type { Schemas } from "src/api/client";
import { ConfirmDialog } from "src/dialogs/ConfirmDialog";
import { toastError, toastSuccess } from "src/feedback/toaster";

type Props = { run: Schemas["Run"]; open: boolean; onClose: () => void };

export const CancelDialog = ({ onClose, open, run }: Props) => {
  const cancel = useCancelRun();
  const confirm = () =>
    cancel.mutate(
      { params: { path: { pipeline_id: run.pipeline_id, run_id: run.run_id } } },
      {
        onError: (error) => toastError("The run was not cancelled", error),
        onSettled: onClose,
        onSuccess: () => toastSuccess("The run is being cancelled"),
      },
    );
  return (
    <ConfirmDialog busy={cancel.isPending} confirm="Cancel the run" destructive onClose={onClose} onConfirm={confirm} open={open} title="Cancel this run?">
      Running stages are stopped and roll back what they had not published; stages not begun never start. Targets already published keep their rows. The run ends as cancelled.
    </ConfirmDialog>
  );
};
