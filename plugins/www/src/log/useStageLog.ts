import { useEffect, useMemo } from "react";

import { api } from "src/api/client";
import type { RunRef } from "src/shell/routes";

import { toLines } from "./lines";

const POLL_MS = 1_500;

/** All pages read so far of one try's log; reads on by itself until the server says that it is done. */
export const useStageLog = ({ pipelineId, runId }: RunRef, stageId: string, tryNumber: number) => {
  const query = api.useInfiniteQuery(
    "get",
    "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/log",
    { params: { path: { pipeline_id: pipelineId, run_id: runId, stage_id: stageId }, query: { try_number: tryNumber } } },
    {
      gcTime: 60_000,
      getNextPageParam: ({ done, token }: { done: boolean; token: string | null }) => (done ? undefined : (token ?? undefined)),
      initialPageParam: undefined,
      pageParamName: "token",
      refetchOnWindowFocus: false,
      staleTime: Infinity,
    },
  );
  const { data, fetchNextPage, hasNextPage, isFetching } = query;
  const lastPage = data?.pages.at(-1);
  const readOnAfter = lastPage && lastPage.lines.length > 0 ? 0 : POLL_MS;
  const pages = data?.pages.length ?? 0;

  // A timer is outside React: the next page is asked for at once while lines come, later while the stage is quiet.
  useEffect(() => {
    if (!hasNextPage || isFetching) return;
    const timer = setTimeout(() => void fetchNextPage(), readOnAfter);
    return () => clearTimeout(timer);
  }, [fetchNextPage, hasNextPage, isFetching, pages, readOnAfter]);

  const lines = useMemo(() => toLines(data?.pages.flatMap((page) => page.lines) ?? []), [data]);
  return { lines, query, reading: hasNextPage };
};
