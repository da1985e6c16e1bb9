import { Button, Flex, Text } from "@chakra-ui/react";
import { useState } from "react";
import { LuPause, LuPlay, LuCirclePlay } from "react-icons/lu";

import { usePatchPipeline, useTriggerRun } from "src/api/actions";
import { asApiError } from "src/api/errors";
import { useRight } from "src/api/rights";
import { ConfirmDialog } from "src/dialogs/ConfirmDialog";
import { toastError, toastSuccess } from "src/feedback/toaster";
import { formatCounted } from "src/format/number";

import { forEachPipeline, type Outcome } from "./bulk";

type Props = { ids: readonly string[]; onClear: () => void };

const count = (many: number) => formatCounted(many, "pipeline");

const report = (verb: string, { done, failed }: Outcome) => {
  if (done.length > 0) toastSuccess(`${verb} ${count(done.length)}`);
  const [first] = failed;
  if (first) toastError(`${count(failed.length)} refused, first ${first.id}`, asApiError(first.error));
};

export const BulkBar = ({ ids, onClear }: Props) => {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const mayRun = useRight("run");
  const mayEdit = useRight("edit");
  const trigger = useTriggerRun();
  const patch = usePatchPipeline();
  const perform = async (verb: string, act: (id: string) => Promise<unknown>) => {
    setBusy(true);
    report(verb, await forEachPipeline(ids, act));
    setBusy(false);
    setAsking(false);
    onClear();
  };
  const path = (id: string) => ({ path: { pipeline_id: id } });
  const pause = (paused: boolean) => void perform(paused ? "Paused" : "Resumed", (id) => patch.mutateAsync({ body: { is_paused: paused }, params: path(id) }));
  const run = () => void perform("Started", (id) => trigger.mutateAsync({ body: { params: {}, unpause: false }, params: path(id) }));
  return (
    <Flex align="center" aria-label="Selected pipelines" bg="brand.subtle" borderRadius="6px" gap="2" paddingX="3" paddingY="1" role="toolbar">
      <Text fontSize="13px" fontWeight="500">{count(ids.length)} selected</Text>
      {mayRun ? <Button onClick={() => setAsking(true)} size="xs" variant="outline"><LuPlay aria-hidden /> Run</Button> : null}
      {mayEdit ? <Button loading={busy && !asking} onClick={() => pause(true)} size="xs" variant="outline"><LuPause aria-hidden /> Pause</Button> : null}
      {mayEdit ? <Button loading={busy && !asking} onClick={() => pause(false)} size="xs" variant="outline"><LuCirclePlay aria-hidden /> Resume</Button> : null}
      <Button onClick={onClear} size="xs" variant="ghost">Clear selection</Button>
      <ConfirmDialog busy={busy} confirm={`Run ${count(ids.length)}`} onClose={() => setAsking(false)} onConfirm={run} open={asking} title={`Run ${count(ids.length)}?`}>
        Each starts now with its default parameters and its last complete interval. Paused ones are refused: resume them first.
      </ConfirmDialog>
    </Flex>
  );
};
