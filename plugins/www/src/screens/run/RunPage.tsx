import { Box, Flex, Tabs } from "@chakra-ui/react";
import { useMemo } from "react";
import { LuFileQuestion } from "react-icons/lu";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";

import type { Schemas } from "src/api/client";
import { useRight } from "src/api/rights";
import { GraphView } from "src/canvas/GraphView";
import { DiagnosisPanel } from "src/diagnosis/DiagnosisPanel";
import { EmptyState } from "src/feedback/EmptyState";
import { nodeStatuses } from "src/graph/status";
import { LogPanel } from "src/log/LogPanel";

import type { LinkLook } from "./LiveMark";
import { NodesPane } from "./NodesPane";
import { RunHeader } from "./RunHeader";
import { StageSelect } from "./StageSelect";
import { StagesTable } from "./StagesTable";
import { type Pane, useRunView } from "./useRunView";

type Props = { document: Schemas["RunDocument"]; link: LinkLook };

/** Graph above, stages and log below; the border between them stays where the user leaves it. */
export const RunPage = ({ document: { can_resume, graph, run, stages }, link }: Props) => {
  const mayReadLogs = useRight("read_logs");
  const view = useRunView(stages);
  const statuses = useMemo(() => nodeStatuses(stages), [stages]);
  const split = useDefaultLayout({ id: "dataflow-run-split", storage: window.localStorage });
  const hasFailed = view.stage?.state === "failed" || view.stage?.state === "up_for_retry";
  const needsLogs = view.pane === "log" || view.pane === "diagnosis";
  const pane: Pane = (needsLogs && !mayReadLogs) || (view.pane === "diagnosis" && !hasFailed) ? "stages" : view.pane;
  const openLog = mayReadLogs ? view.openLog : undefined;
  return (
    <Flex direction="column" height="100%">
      <RunHeader canResume={can_resume} link={link} run={run} stages={stages} />
      <Box flex="1" minHeight="0">
        <Group defaultLayout={split.defaultLayout} onLayoutChanged={split.onLayoutChanged} orientation="vertical" style={{ height: "100%" }}>
          <Panel defaultSize="58%" id="graph" minSize="160px">
            {graph ? (
              <GraphView graph={graph} label={`Graph of the run ${run.run_id}`} openLog={openLog} statuses={statuses} />
            ) : (
              <EmptyState icon={LuFileQuestion} title="There is no graph of this run">The version that ran can no longer be read. Its stages stand below.</EmptyState>
            )}
          </Panel>
          <Separator className="split" id="split" />
          <Panel defaultSize="42%" id="details" minSize="120px">
            <Flex bg="bg" direction="column" height="100%">
              <Tabs.Root borderBottomWidth="1px" flexShrink="0" onValueChange={({ value }) => view.setPane(value)} paddingX="4" size="sm" value={pane}>
                <Tabs.List borderBottomWidth="0">
                  <Tabs.Trigger aria-controls="run-pane" value="stages">Stages</Tabs.Trigger>
                  <Tabs.Trigger aria-controls="run-pane" value="nodes">Nodes</Tabs.Trigger>
                  {mayReadLogs ? <Tabs.Trigger aria-controls="run-pane" value="log">Log</Tabs.Trigger> : null}
                  {mayReadLogs && hasFailed ? <Tabs.Trigger aria-controls="run-pane" value="diagnosis">Why it failed</Tabs.Trigger> : null}
                </Tabs.List>
              </Tabs.Root>
              <Box flex="1" id="run-pane" minHeight="0">
                {pane === "diagnosis" && view.stage ? (
                  <DiagnosisPanel key={`${view.stage.id}:${view.tryNumber}`} run={{ pipelineId: run.pipeline_id, runId: run.run_id }} stageId={view.stage.id} tryNumber={view.tryNumber} />
                ) : pane === "log" && view.stage ? (
                  <LogPanel key={`${view.stage.id}:${view.tryNumber}`} marked={view.line} onMark={view.setLine} onTry={view.setTry} run={{ pipelineId: run.pipeline_id, runId: run.run_id }} stage={view.stage} tryNumber={view.tryNumber}>
                    <StageSelect onSelect={view.openLog} stage={view.stage} stages={stages} />
                  </LogPanel>
                ) : pane === "nodes" ? <NodesPane run={run} /> : <StagesTable openLog={openLog} stages={stages} />}
              </Box>
            </Flex>
          </Panel>
        </Group>
      </Box>
    </Flex>
  );
};
