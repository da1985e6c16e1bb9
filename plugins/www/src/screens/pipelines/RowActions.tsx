import { HStack, IconButton, Switch } from "@chakra-ui/react";
import { useState } from "react";
import { LuPlay } from "react-icons/lu";

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
  return (
    <HStack gap="2" justify="flex-end">
      {mayRun && row.state !== "invalid" ? (
        <IconButton aria-label={`Run ${row.name}`} onClick={() => setAsking(true)} size="2xs" title="Run now" variant="ghost"><LuPlay aria-hidden /></IconButton>
      ) : null}
      {mayEdit ? (
        <Switch.Root
          checked={!row.is_paused}
          disabled={patch.isPending}
          onCheckedChange={({ checked }) => patch.mutate({ body: { is_paused: !checked }, params: { path: { pipeline_id: row.id } } })}
          size="xs"
          title={row.is_paused ? "Paused: switch on to resume" : "Active: switch off to pause"}
        >
          <Switch.HiddenInput aria-label={`${row.name} is active`} />
          <Switch.Control />
        </Switch.Root>
      ) : null}
      <RunDialog name={row.name} onClose={() => setAsking(false)} open={asking} pipelineId={row.id} />
    </HStack>
  );
};
