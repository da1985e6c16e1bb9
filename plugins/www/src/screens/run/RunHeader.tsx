import { Button, chakra, Flex, Heading, HStack, Text } from "@chakra-ui/react";
import { useState } from "react";
import { LuCalendarRange, LuCircleStop, LuClock, LuExternalLink, LuPlay, LuStepForward, LuTimer, LuUser } from "react-icons/lu";
import { Link } from "react-router-dom";

import type { Schemas } from "src/api/client";
import { useRight } from "src/api/rights";
import { RunDialog } from "src/dialogs/RunDialog";
import { CopyButton } from "src/feedback/CopyButton";
import { Elapsed } from "src/format/Elapsed";
import { formatInterval } from "src/format/interval";
import { Time } from "src/format/Time";
import { progressOf, type RunStage } from "src/graph/status";
import { goToAirflow } from "src/host/airflow";
import { airflowRunPath, pipelinePath } from "src/shell/routes";
import { StateBadge } from "src/states/StateBadge";
import { isActive } from "src/states/states";

import { CancelDialog } from "./CancelDialog";
import { type LinkLook, LiveMark } from "./LiveMark";
import { ResumeDialog } from "./ResumeDialog";

type Props = { run: Schemas["Run"]; stages: readonly RunStage[]; link: LinkLook; /** As the server says. */ canResume: boolean };

const shown = (value: Schemas["Run"]["params"][string]) => (value === null ? "null" : String(value));

export const RunHeader = ({ canResume, link, run, stages }: Props) => {
  const [asking, setAsking] = useState<"cancel" | "resume" | "run" | null>(null);
  const mayRun = useRight("run");
  const active = isActive(run.state);
  const { done, total } = progressOf(stages);
  const close = () => setAsking(null);
  return (
    <Flex bg="bg" borderBottomWidth="1px" direction="column" flexShrink="0" gap="2" paddingX="6" paddingY="4">
      <Flex align="center" gap="3" minWidth="0">
        <Heading _hover={{ textDecoration: "underline" }} as="h1" fontSize="20px" fontWeight="600" truncate>
          <Link to={pipelinePath(run.pipeline_id)}>{run.pipeline_id}</Link>
        </Heading>
        <StateBadge state={run.state} />
        <Text color="fg.muted" flexShrink="0" fontSize="13px" fontVariantNumeric="tabular-nums">{done} of {total} stages</Text>
        <LiveMark link={link} />
        <HStack flexShrink="0" gap="2" marginLeft="auto">
          <Button onClick={() => goToAirflow(airflowRunPath({ pipelineId: run.pipeline_id, runId: run.run_id }))} variant="outline"><LuExternalLink aria-hidden /> Open in Airflow</Button>
          {mayRun && active ? <Button colorPalette="failed" onClick={() => setAsking("cancel")} variant="outline"><LuCircleStop aria-hidden /> Cancel</Button> : null}
          {canResume ? <Button onClick={() => setAsking("resume")} variant="outline"><LuStepForward aria-hidden /> Go on from checkpoint</Button> : null}
          {mayRun && !active ? <Button onClick={() => setAsking("run")}><LuPlay aria-hidden /> Run again</Button> : null}
        </HStack>
      </Flex>
      <Flex color="fg.muted" columnGap="4" fontSize="12px" rowGap="1" wrap="wrap">
        <HStack gap="1"><chakra.code fontSize="12px">{run.run_id}</chakra.code><CopyButton label="Copy the run id" text={run.run_id} /></HStack>
        <HStack gap="1"><LuClock aria-label="Started" /><Time fallback="not started" value={run.start} /></HStack>
        <HStack gap="1"><LuTimer aria-label="Duration" /><Elapsed running={run.state === "running"} seconds={run.duration_s} start={run.start} /></HStack>
        <HStack gap="1"><LuCalendarRange aria-label="Data interval" />{formatInterval(run.interval_start, run.interval_end)}{run.interval_start ? " UTC" : ""}</HStack>
        <HStack gap="1"><LuUser aria-label="Started by" />{run.triggered_by ?? run.run_type.replaceAll("_", " ")}</HStack>
        {Object.entries(run.params).map(([name, value]) => <HStack gap="1" key={name}><chakra.code fontSize="12px">{name}={shown(value)}</chakra.code></HStack>)}
        {run.note ? <Text>{run.note}</Text> : null}
      </Flex>
      <CancelDialog onClose={close} open={asking === "cancel"} run={run} />
      <ResumeDialog onClose={close} open={asking === "resume"} run={run} />
      <RunDialog name={run.pipeline_id} onClose={close} open={asking === "run"} pipelineId={run.pipeline_id} />
    </Flex>
  );
};
