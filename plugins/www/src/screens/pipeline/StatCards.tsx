import { Flex } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { formatCount } from "src/format/number";
import { formatPercent } from "src/format/percent";
import { formatDuration } from "src/format/time";
import { Time } from "src/format/Time";

import { StatCard } from "./StatCard";

type Props = { figures: Schemas["Statistics"] };

export const StatCards = ({ figures }: Props) => {
  const { runs } = figures;
  const finished = (runs["success"] ?? 0) + (runs["warning"] ?? 0);
  const failed = runs["failed"] ?? 0;
  return (
    <Flex aria-label="Figures of the last 30 days" as="dl" gap="3" wrap="wrap">
      <StatCard label="Success rate" note={`${formatCount(finished)} of ${formatCount(finished + failed)} runs in 30 days`}>{formatPercent(figures.success_rate)}</StatCard>
      <StatCard label="Duration, median" note={`95 %: ${formatDuration(figures.p95_s)} · 99 %: ${formatDuration(figures.p99_s)}`}>{formatDuration(figures.p50_s)}</StatCard>
      <StatCard label="Warnings" note="finished, with something odd">{formatCount(runs["warning"] ?? 0)}</StatCard>
      <StatCard label="SLA kept" note={figures.sla_rate === null ? "nothing promised, or not due yet" : `${figures.sla_kept} kept, ${figures.sla_broken} broken`}>{formatPercent(figures.sla_rate)}</StatCard>
      <StatCard label="Fresh" note={figures.fresh_until ? <>data up to <Time value={figures.fresh_until} /></> : undefined}><Time fallback="never" value={figures.fresh_at} /></StatCard>
    </Flex>
  );
};
