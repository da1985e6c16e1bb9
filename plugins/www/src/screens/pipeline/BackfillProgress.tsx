import { Box, Flex, Text } from "@chakra-ui/react";

import { formatCount } from "src/format/number";
import { stateLook } from "src/states/states";

type Props = { runs: Record<string, number> };

const ORDER = ["success", "failed", "cancelled", "running", "queued"];

/** How many runs are done, failed, at work and to come: as a bar, and in words. */
export const BackfillProgress = ({ runs }: Props) => {
  const total = Object.values(runs).reduce((sum, count) => sum + count, 0);
  const parts = [...new Set([...ORDER, ...Object.keys(runs)])].map((state) => ({ count: runs[state] ?? 0, state })).filter(({ count }) => count > 0);
  const words = parts.map(({ count, state }) => `${formatCount(count)} ${state === "success" ? "done" : stateLook(state).label.toLowerCase()}`).join(", ");
  return (
    <Flex align="center" gap="3">
      <Flex aria-label={`${words || "no runs"} of ${formatCount(total)}`} bg="bg.muted" borderRadius="full" flexShrink="0" height="8px" overflow="hidden" role="img" width="120px">
        {parts.map(({ count, state }) => <Box bg={`${stateLook(state).token}.solid`} key={state} width={`${(100 * count) / total}%`} />)}
      </Flex>
      <Text fontSize="12px" fontVariantNumeric="tabular-nums">{words || "none made by it"}</Text>
    </Flex>
  );
};
