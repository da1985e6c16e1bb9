import { Box, Flex, Text } from "@chakra-ui/react";
import { LuHistory } from "react-icons/lu";
import { useSearchParams } from "react-router-dom";

import { api } from "src/api/client";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Pager } from "src/feedback/Pager";
import { Waiting } from "src/feedback/Waiting";

import { DurationTrend } from "./DurationTrend";
import { HistoryTable } from "./HistoryTable";
import { StatCards } from "./StatCards";

type Props = { pipelineId: string };

const SIZES = [50, 100, 200] as const;
const RENEW_MS = 15_000;

/** What the records of a pipeline's runs tell: figures of the last 30 days, the trend, and every run. */
export const HistoryTab = ({ pipelineId }: Props) => {
  const [params, setParams] = useSearchParams();
  const page = Math.max(1, Math.trunc(Number(params.get("page"))) || 1);
  const pageSize = SIZES.find((size) => size === Number(params.get("size"))) ?? SIZES[0];
  const set = (name: "page" | "size", value: number) => setParams(name === "size" ? { size: String(value) } : { ...Object.fromEntries(params), page: String(value) });
  const path = { pipeline_id: pipelineId };
  const figures = api.useQuery("get", "/pipelines/{pipeline_id}/statistics", { params: { path } }, { refetchInterval: RENEW_MS });
  const runs = api.useQuery("get", "/pipelines/{pipeline_id}/history", { params: { path, query: { limit: pageSize, offset: (page - 1) * pageSize } } }, {
    placeholderData: (before) => before,
    refetchInterval: RENEW_MS,
  });
  const failed = runs.isError ? runs : figures;
  if (failed.isError && !failed.data) return <ErrorState error={failed.error} onRetry={() => void failed.refetch()} title="The history could not be read" />;
  if (!runs.data || !figures.data) return <Waiting label="Reading the history" />;
  if (runs.data.total === 0) return <EmptyState icon={LuHistory} title="No run is recorded yet">A run is recorded a few seconds after it begins, and stays here when Airflow has forgotten it.</EmptyState>;
  return (
    <Flex direction="column" gap="4" height="100%" overflow="auto" padding="6">
      <StatCards figures={figures.data} />
      <DurationTrend p95={figures.data.p95_s} runs={runs.data.items} />
      <Flex bg="bg" borderRadius="8px" borderWidth="1px" direction="column" flexShrink="0" overflow="hidden">
        <HistoryTable runs={runs.data.items} />
        <Box borderTopWidth="1px"><Pager onPage={(next) => set("page", next)} onSize={(size) => set("size", size)} page={page} pageSize={pageSize} sizes={SIZES} total={runs.data.total} /></Box>
      </Flex>
      {failed.isError ? <Text color="failed.fg" fontSize="12px" role="status">The history could not be renewed; it shows what was read last.</Text> : null}
    </Flex>
  );
};
