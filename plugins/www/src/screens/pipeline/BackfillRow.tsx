import { Button, HStack, Table } from "@chakra-ui/react";
import { LuBan, LuPause, LuPlay } from "react-icons/lu";

import { usePatchBackfill } from "src/api/actions";
import type { Schemas } from "src/api/client";
import { useRight } from "src/api/rights";
import { formatInterval } from "src/format/interval";
import { formatCount } from "src/format/number";
import { Time } from "src/format/Time";
import { StateBadge } from "src/states/StateBadge";

import { BackfillProgress } from "./BackfillProgress";

type Props = { backfill: Schemas["Backfill"]; pipelineId: string; onCancel: (backfill: Schemas["Backfill"]) => void };

export const BackfillRow = ({ backfill, onCancel, pipelineId }: Props) => {
  const mayRerun = useRight("rerun");
  const patch = usePatchBackfill();
  const over = backfill.state === "completed" || backfill.state === "cancelled";
  const paused = backfill.state === "paused";
  return (
    <Table.Row fontSize="13px">
      <Table.Cell><StateBadge state={backfill.state} /></Table.Cell>
      <Table.Cell fontVariantNumeric="tabular-nums">{backfill.id}</Table.Cell>
      <Table.Cell fontVariantNumeric="tabular-nums">{formatInterval(backfill.start, backfill.end)}</Table.Cell>
      <Table.Cell><BackfillProgress runs={backfill.runs} /></Table.Cell>
      <Table.Cell fontVariantNumeric="tabular-nums" textAlign="right">{formatCount(backfill.concurrency)}</Table.Cell>
      <Table.Cell><Time value={backfill.created_at} /></Table.Cell>
      <Table.Cell>{backfill.triggered_by ?? "–"}</Table.Cell>
      <Table.Cell textAlign="right">
        {mayRerun && !over ? (
          <HStack gap="1" justify="flex-end">
            <Button aria-label={`${paused ? "Resume" : "Pause"} backfill ${backfill.id}`} loading={patch.isPending} onClick={() => patch.mutate({ body: { is_paused: !paused }, params: { path: { backfill_id: backfill.id, pipeline_id: pipelineId } } })} size="2xs" variant="outline">
              {paused ? <LuPlay aria-hidden /> : <LuPause aria-hidden />} {paused ? "Resume" : "Pause"}
            </Button>
            <Button aria-label={`Cancel backfill ${backfill.id}`} colorPalette="failed" onClick={() => onCancel(backfill)} size="2xs" variant="outline"><LuBan aria-hidden /> Cancel</Button>
          </HStack>
        ) : null}
      </Table.Cell>
    </Table.Row>
  );
};
