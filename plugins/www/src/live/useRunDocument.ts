import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api } from "src/api/client";
import { socketUrl } from "src/host/base";
import type { RunRef } from "src/shell/routes";

import { followRun, type LinkStatus } from "./followRun";

const POLL_MS = 3_000;
/** A run that is over may be cleared and run again: somebody looks now and then. */
const OVER_MS = 20_000;

/** The run's document, renewed by its socket while that is open and by reading otherwise. */
export const useRunDocument = ({ pipelineId, runId }: RunRef) => {
  const [link, setLink] = useState<LinkStatus>("connecting");
  const client = useQueryClient();
  const init = { params: { path: { pipeline_id: pipelineId, run_id: runId } } };
  const query = api.useQuery("get", "/runs/{pipeline_id}/{run_id}", init, {
    refetchInterval: ({ state }) => (state.data?.is_settled ? OVER_MS : link === "live" ? false : POLL_MS),
  });
  const active = query.data ? !query.data.is_settled : false;

  // The socket is outside React: one per run that is at work or just over, closed with the screen.
  useEffect(() => {
    if (!active) return;
    const { queryKey } = api.queryOptions("get", "/runs/{pipeline_id}/{run_id}", { params: { path: { pipeline_id: pipelineId, run_id: runId } } });
    return followRun({
      onDocument: (document) => client.setQueryData(queryKey, document),
      onStatus: setLink,
      url: socketUrl(`/ws/runs/${encodeURIComponent(pipelineId)}/${encodeURIComponent(runId)}`),
    });
  }, [active, client, pipelineId, runId]);

  return { link: active ? link : ("over" as const), query };
};
