import { Badge, Button, Flex, Heading, HStack, Switch, Text } from "@chakra-ui/react";
import { useState } from "react";
import { LuCalendarClock, LuExternalLink, LuFolder, LuPlay, LuUser } from "react-icons/lu";

import { usePatchPipeline } from "src/api/actions";
import type { Schemas } from "src/api/client";
import { useRight } from "src/api/rights";
import { RunDialog } from "src/dialogs/RunDialog";
import { Time } from "src/format/Time";
import { goToAirflow } from "src/host/airflow";
import { airflowDagPath } from "src/shell/routes";
import { RunBars } from "src/states/RunBars";
import { StateBadge } from "src/states/StateBadge";

type Props = { detail: Schemas["PipelineDetail"] };

export const PipelineHeader = ({ detail: { graph, summary } }: Props) => {
  const [asking, setAsking] = useState(false);
  const mayRun = useRight("run");
  const mayEdit = useRight("edit");
  const patch = usePatchPipeline();
  const paused = patch.isPending ? patch.variables.body.is_paused : summary.is_paused;
  return (
    <Flex bg="bg" direction="column" flexShrink="0" gap="2" paddingTop="4" paddingX="6">
      <Flex align="center" gap="3" minWidth="0">
        <Heading as="h1" fontSize="20px" fontWeight="600" title={summary.id} truncate>{summary.name}</Heading>
        <StateBadge state={summary.state} />
        <RunBars runs={summary.recent_runs} />
        <HStack flexShrink="0" gap="3" marginLeft="auto">
          {mayEdit ? (
            <Switch.Root checked={!paused} disabled={patch.isPending} onCheckedChange={({ checked }) => patch.mutate({ body: { is_paused: !checked }, params: { path: { pipeline_id: summary.id } } })} size="sm">
              <Switch.HiddenInput />
              <Switch.Control />
              <Switch.Label fontSize="13px" fontWeight="400">{paused ? "Paused" : "Active"}</Switch.Label>
            </Switch.Root>
          ) : paused ? <Badge bg="none.subtle" color="none.fg">Paused</Badge> : null}
          <Button onClick={() => goToAirflow(airflowDagPath(summary.id))} variant="outline"><LuExternalLink aria-hidden /> Open in Airflow</Button>
          {mayRun && graph ? <Button onClick={() => setAsking(true)}><LuPlay aria-hidden /> Run</Button> : null}
        </HStack>
      </Flex>
      {summary.description ? <Text color="fg.muted" lineClamp="2" maxWidth="900px">{summary.description}</Text> : null}
      <Flex color="fg.muted" columnGap="4" fontSize="12px" minHeight="20px" rowGap="1" wrap="wrap">
        <HStack gap="1"><LuFolder aria-label="Workspace" />{summary.workspace}</HStack>
        <HStack gap="1"><LuUser aria-label="Owner" />{summary.owner}</HStack>
        <HStack gap="1" title={summary.schedule?.cron ?? undefined}>
          <LuCalendarClock aria-label="Schedule" />
          {summary.schedule?.summary ?? "Runs by hand"}
          {summary.next_run ? <>, next <Time value={summary.next_run} /></> : null}
        </HStack>
        {summary.tags.length > 0 ? <HStack gap="1">{summary.tags.map((tag) => <Badge fontSize="11px" fontWeight="400" key={tag} variant="outline">{tag}</Badge>)}</HStack> : null}
      </Flex>
      <RunDialog name={summary.name} onClose={() => setAsking(false)} open={asking} pipelineId={summary.id} />
    </Flex>
  );
};
