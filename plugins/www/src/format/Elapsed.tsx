import { chakra } from "@chakra-ui/react";

import { formatDuration, formatTicking } from "./time";
import { useNow } from "./useNow";

type Props = { start: string | null | undefined; seconds: number | null | undefined; running: boolean };

const Ticking = ({ start }: { start: string }) => {
  const now = useNow(1_000);
  return <>{formatTicking(Math.max(0, (now.getTime() - new Date(start).getTime()) / 1000))}</>;
};

/** A duration that ticks while the work runs. */
export const Elapsed = ({ running, seconds, start }: Props) => (
  <chakra.span fontVariantNumeric="tabular-nums" whiteSpace="nowrap">
    {running && start ? <Ticking start={start} /> : formatDuration(seconds)}
  </chakra.span>
);
