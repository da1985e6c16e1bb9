import { Button } from "@chakra-ui/react";
import { LuMapPinOff } from "react-icons/lu";
import { Link, useParams } from "react-router-dom";

import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Waiting } from "src/feedback/Waiting";
import { useRunDocument } from "src/live/useRunDocument";
import { parseRunRef, type RunRef } from "src/shell/routes";

import { RunPage } from "./RunPage";

const LoadedRun = ({ run }: { run: RunRef }) => {
  const { link, query } = useRunDocument(run);
  if (query.isError && !query.data) return <ErrorState error={query.error} onRetry={() => void query.refetch()} title="The run could not be read" />;
  if (!query.data) return <Waiting label="Reading the run" />;
  return <RunPage document={query.data} link={query.isError && link !== "live" ? "broken" : link} />;
};

export const RunScreen = () => {
  const run = parseRunRef(useParams()["runRef"] ?? "");
  if (run) return <LoadedRun key={`${run.pipelineId}~${run.runId}`} run={run} />;
  return (
    <EmptyState action={<Button asChild size="sm"><Link to="/pipelines">Go to Pipelines</Link></Button>} icon={LuMapPinOff} title="This address names no run">
      A run's address ends in the pipeline, a tilde and the run's id.
    </EmptyState>
  );
};
