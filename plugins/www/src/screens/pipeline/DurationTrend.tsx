import { Box, chakra, Flex, Text } from "@chakra-ui/react";
import { useNavigate } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { formatDuration } from "src/format/time";
import { runPath } from "src/shell/routes";
import { stateLook } from "src/states/states";

type Props = { runs: readonly Schemas["RecordedRun"][]; p95: number | null };

const HEIGHT = 96;

/** A bar a run, newest at the right: height how long it took, colour how it ended, a line at the usual maximum. */
export const DurationTrend = ({ p95, runs }: Props) => {
  const navigate = useNavigate();
  const timed = runs.filter((run) => run.duration_s !== null).toReversed();
  const longest = Math.max(p95 ?? 0, ...timed.map(({ duration_s }) => duration_s ?? 0));
  if (timed.length < 2 || longest <= 0) return null;
  return (
    <Box bg="bg" borderRadius="8px" borderWidth="1px" padding="4">
      <Flex align="baseline" gap="2" marginBottom="3">
        <Text as="h2" fontSize="16px" fontWeight="600">Duration</Text>
        <Text color="fg.muted" fontSize="12px">last {timed.length} runs; the table below has them all</Text>
      </Flex>
      <Box height={`${HEIGHT}px`} position="relative">
        {p95 !== null ? (
          <Box borderColor="border.emphasized" borderTopStyle="dashed" borderTopWidth="1px" bottom={`${(p95 / longest) * HEIGHT}px`} left="0" position="absolute" right="0">
            <Text bg="bg" color="fg.muted" fontSize="11px" paddingX="1" position="absolute" right="0" top="2px">95 % within {formatDuration(p95)}</Text>
          </Box>
        ) : null}
        <Flex align="flex-end" aria-label={`Durations of the last ${timed.length} runs, from ${formatDuration(Math.min(...timed.map((run) => run.duration_s ?? 0)))} to ${formatDuration(longest)}`} gap="2px" height="100%" role="img">
          {timed.map((run) => {
            const { label, token } = stateLook(run.state);
            return (
              <chakra.span
                _hover={{ opacity: 0.7 }}
                bg={`${token}.solid`}
                borderRadius="2px"
                cursor="pointer"
                flex="1"
                height={`${Math.max(3, ((run.duration_s ?? 0) / longest) * HEIGHT)}px`}
                key={run.run_id}
                maxWidth="20px"
                onClick={() => void navigate(runPath(run.pipeline_id, run.run_id))}
                title={`${label} · ${formatDuration(run.duration_s)} · ${run.run_id}`}
              />
            );
          })}
        </Flex>
      </Box>
    </Box>
  );
};
