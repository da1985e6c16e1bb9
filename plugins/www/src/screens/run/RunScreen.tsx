import { useParams } from "react-router-dom";

import { asApiError } from "src/api/errors";
import { ErrorState } from "src/feedback/ErrorState";
import { Missing } from "src/feedback/Missing";
import { Waiting } from "src/feedback/Waiting";
import { useRunDocument } from "src/live/useRunDocument";
import { parseRunRef, type RunRef } from "src/shell/routes";

import { RunPage } from "./RunPage";

const LoadedRun = ({ run }: { run: RunRef }) => {
  const { link, query } = useRunDocument(run);
  if (query.isError && asApiError(query.error).status === 404) return <Missing title="This run does not exist">It may have been removed from Airflow, or its pipeline was renamed.</Missing>;
  if (query.isError && !query.data) return <ErrorState page error={query.error} onRetry={() => void query.refetch()} title="The run could not be read" />;
  if (!query.data) return <Waiting label="Reading the run" />;
  return <RunPage document={query.data} link={query.isError && link !== "live" ? "broken" : link} />;
};

export const RunScreen = () => {
  const run = parseRunRef(useParams()["runRef"] ?? "");
  if (run) return <LoadedRun key={`${run.pipelineId}~${run.runId}`} run={run} />;
  return <Missing title="This address names no run">A run's address ends in the pipeline, a tilde and the run's id.</Missing>;
};
