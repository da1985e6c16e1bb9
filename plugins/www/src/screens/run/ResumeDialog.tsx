import { useResumeRun } from "src/api/actions";
import type { Schemas } from "src/api/client";
import { ConfirmDialog } from "src/dialogs/ConfirmDialog";
import { toastError, toastSuccess } from "src/feedback/toaster";

type Props = { run: Schemas["Run"]; open: boolean; onClose: () => void };

export const ResumeDialog = ({ onClose, open, run }: Props) => {
  const resume = useResumeRun();
  const confirm = () =>
    resume.mutate(
      { params: { path: { pipeline_id: run.pipeline_id, run_id: run.run_id } } },
      {
        onError: (error) => toastError("The run does not go on", error),
        onSettled: onClose,
        onSuccess: () => toastSuccess("The run goes on"),
      },
    );
  return (
    <ConfirmDialog busy={resume.isPending} confirm="Go on" onClose={onClose} onConfirm={confirm} open={open} title="Go on from checkpoint?">
      Stages that are done keep their rows, also when they were edited since. What failed and all behind it runs again, as the file is now.
    </ConfirmDialog>
  );
};
