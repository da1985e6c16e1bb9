import { Box, Flex, Tabs } from "@chakra-ui/react";
import { lazy, Suspense } from "react";
import { useNavigate, useParams } from "react-router-dom";

import { api, type Schemas } from "src/api/client";
import { asApiError } from "src/api/errors";
import { ErrorState } from "src/feedback/ErrorState";
import { Missing } from "src/feedback/Missing";
import { Waiting } from "src/feedback/Waiting";
import { formatCount } from "src/format/number";
import { pipelinePath } from "src/shell/routes";
import { isActive } from "src/states/states";

import { BackfillsTab } from "./BackfillsTab";
import { HistoryTab } from "./HistoryTab";
import { PipelineHeader } from "./PipelineHeader";
import { RunsTab } from "./RunsTab";
import { ScheduleTab } from "./ScheduleTab";
import { parseTab, TABS, type Tab } from "./tabs";

const GraphTab = lazy(async () => ({ default: (await import("./GraphTab")).GraphTab }));
const YamlTab = lazy(async () => ({ default: (await import("./YamlTab")).YamlTab }));

const BUSY_MS = 3_000;
const CALM_MS = 15_000;

const panelOf = (tab: Tab, detail: Schemas["PipelineDetail"]) => {
  if (tab === "runs") return <RunsTab pipelineId={detail.summary.id} />;
  if (tab === "schedule") return <ScheduleTab pipelineId={detail.summary.id} />;
  if (tab === "backfills") return <BackfillsTab summary={detail.summary} />;
  if (tab === "history") return <HistoryTab pipelineId={detail.summary.id} />;
  return tab === "yaml" ? <YamlTab detail={detail} /> : <GraphTab detail={detail} />;
};

export const PipelineScreen = () => {
  const { pipelineId = "", tab: tabText } = useParams();
  const tab = parseTab(tabText);
  const navigate = useNavigate();
  const query = api.useQuery("get", "/pipelines/{pipeline_id}", { params: { path: { pipeline_id: pipelineId } } }, {
    refetchInterval: ({ state }) => (isActive(state.data?.summary.state) ? BUSY_MS : CALM_MS),
  });
  if (query.isError && asApiError(query.error).status === 404) return <Missing title={`There is no pipeline ${pipelineId}`}>It may have been renamed or deleted, or lie in a workspace that is not yours.</Missing>;
  if (query.isError && !query.data) return <ErrorState page error={query.error} onRetry={() => void query.refetch()} title={`The pipeline ${pipelineId} could not be read`} />;
  if (!query.data) return <Waiting label="Reading the pipeline" />;
  const detail = query.data;
  const findings = detail.findings.length;
  return (
    <Flex direction="column" height="100%">
      <PipelineHeader detail={detail} />
      <Tabs.Root
        bg="bg"
        borderBottomWidth="1px"
        flexShrink="0"
        onValueChange={({ value }) => void navigate(value === "graph" ? pipelinePath(pipelineId) : `${pipelinePath(pipelineId)}/${value}`)}
        paddingX="6"
        size="sm"
        value={tab}
      >
        <Tabs.List borderBottomWidth="0">
          {TABS.map(({ label, value }) => (
            <Tabs.Trigger aria-controls="pipeline-panel" key={value} value={value}>
              {label}
              {value === "yaml" && findings > 0 ? <Box as="span" color="fg.muted" fontSize="12px">{formatCount(findings)}</Box> : null}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
      </Tabs.Root>
      <Box flex="1" id="pipeline-panel" minHeight="0">
        <Suspense fallback={<Waiting label="Loading" />}>{panelOf(tab, detail)}</Suspense>
      </Box>
    </Flex>
  );
};
