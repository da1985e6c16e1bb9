import { Box, Text } from "@chakra-ui/react";
import { useStore, type NodeProps } from "@xyflow/react";

import { stateLook } from "src/states/states";

import type { FrameNode } from "./flow";
import { FAR_ZOOM } from "./StepNodeView";

/** A stage that fuses several nodes into one statement; stages of one node have no frame. */
export const FrameNodeView = ({ data: { stage, state } }: NodeProps<FrameNode>) => {
  const far = useStore(({ transform }) => transform[2] < FAR_ZOOM);
  const token = state && state !== "waiting" ? stateLook(state).token : null;
  return (
    <Box bg={token ? `${token}.subtle/25` : "bg.muted/40"} borderColor={token ? `${token}.solid/60` : "border.emphasized"} borderRadius="12px" borderStyle="dashed" borderWidth="1px" height="100%" pointerEvents="none" width="100%">
      {far ? null : (
        <Text color="fg.muted" fontSize="11px" fontWeight="500" paddingTop="2" paddingX="4" title={stage.reason} truncate>
          Stage {stage.id} · {stage.connection} · {stage.nodes.length} nodes, one statement
        </Text>
      )}
    </Box>
  );
};
