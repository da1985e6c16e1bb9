import { HStack, IconButton } from "@chakra-ui/react";
import { useState } from "react";
import { LuPause, LuPlay, LuZap } from "react-icons/lu";

import { usePatchPipeline } from "src/api/actions";
import { useRight } from "src/api/rights";
import { RunDialog } from "src/dialogs/RunDialog";

import type { PipelineRow } from "./columns";

type Props = { row: PipelineRow };

/** Run and pause, each only for those who may; nothing can be run while the YAML was never valid. */
export const RowActions = ({ row }: Props) => {
  const [asking, setAsking] = useState(false);
  const mayRun = useRight("run");
  const mayEdit = useRight("edit");
  const patch = usePatchPipeline();
  const pauseLabel = `${row.is_paused ? "Resume" : "Pause"} ${row.name}`;
  return (
    <HStack gap="0" justify="flex-end">
      {mayRun && row.state !== "invalid" ? (
        <IconButton aria-label={`Run ${row.name}`} onClick={() => setAsking(true)} size="2xs" title="Run now" variant="ghost"><LuPlay aria-hidden /></IconButton>
      ) : null}
      {mayEdit ? (
        <IconButton
          aria-label={pauseLabel}
          loading={patch.isPending}
          onClick={() => patch.mutate({ body: { is_paused: !row.is_paused }, params: { path: { pipeline_id: row.id } } })}
          size="2xs"
          title={row.is_paused ? "Resume its schedule" : "Pause its schedule"}
          variant="ghost"
        >
          {row.is_paused ? <LuZap aria-hidden /> : <LuPause aria-hidden />}
        </IconButton>
      ) : null}
      <RunDialog name={row.name} onClose={() => setAsking(false)} open={asking} pipelineId={row.id} />
    </HStack>
  );
};
