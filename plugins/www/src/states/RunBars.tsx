import { chakra, Flex } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { formatDuration } from "src/format/time";

import { stateLook } from "./states";

type SparkRun = Schemas["SparkRun"];
type Props = { runs: readonly SparkRun[]; onOpen?: (runId: string) => void };

const SLOTS = 10;
const TALLEST = 22;
const SHORTEST = 5;

/** Height by duration, on the scale of the longest run shown; a run without a duration is of middle height. */
const heightOf = ({ duration_s }: SparkRun, longest: number): number =>
  duration_s === null || longest <= 0 ? (TALLEST + SHORTEST) / 2 : SHORTEST + (TALLEST - SHORTEST) * (duration_s / longest);

/** The last ten runs, newest at the right: colour says how it ended, height how long it took. */
export const RunBars = ({ onOpen, runs }: Props) => {
  if (runs.length === 0) return <chakra.span color="fg.muted" fontSize="12px">No runs yet</chakra.span>;
  const longest = Math.max(...runs.map(({ duration_s }) => duration_s ?? 0));
  const counts = Object.entries(Object.groupBy(runs, ({ state }) => stateLook(state).label)).map(([label, group]) => `${group?.length ?? 0} ${label.toLowerCase()}`);
  return (
    <Flex align="flex-end" aria-label={`Last ${runs.length} runs: ${counts.join(", ")}`} gap="2px" height={`${TALLEST + 2}px`} role="img">
      {Array.from({ length: SLOTS - runs.length }, (_, index) => <chakra.span bg="border" borderRadius="1px" height="2px" key={`empty-${index}`} width="6px" />)}
      {runs.map((run) => {
        const { label, token } = stateLook(run.state);
        return (
          <chakra.span
            _hover={onOpen ? { opacity: 0.7 } : {}}
            bg={`${token}.solid`}
            borderRadius="1px"
            cursor={onOpen ? "pointer" : undefined}
            height={`${heightOf(run, longest)}px`}
            key={run.run_id}
            onClick={onOpen ? () => onOpen(run.run_id) : undefined}
            title={`${label} · ${formatDuration(run.duration_s)} · ${run.run_id}`}
            width="6px"
          />
        );
      })}
    </Flex>
  );
};
