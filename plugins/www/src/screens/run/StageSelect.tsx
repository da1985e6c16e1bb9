import { NativeSelect } from "@chakra-ui/react";

import type { RunStage } from "src/graph/status";
import { stateLook } from "src/states/states";

type Props = { stage: RunStage; stages: readonly RunStage[]; onSelect: (stageId: string) => void };

/** Whose log is shown; each stage with its state. */
export const StageSelect = ({ onSelect, stage, stages }: Props) => (
  <NativeSelect.Root flexShrink="0" size="xs" width="220px">
    <NativeSelect.Field aria-label="Stage" onChange={(event) => onSelect(event.currentTarget.value)} value={stage.id}>
      {stages.map(({ id, state }) => <option key={id} value={id}>{id} ({stateLook(state).label.toLowerCase()})</option>)}
    </NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);
