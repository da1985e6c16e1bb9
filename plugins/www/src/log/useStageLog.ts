import { useEffect, useMemo, useRef } from "react";

import { api } from "src/api/client";
import type { RunRef } from "src/shell/routes";

import { toLines } from "./lines";

const POLL_MS = 1_500;
const RENEW_MS = 3_000;

/** All pages read so far of one try's log; reads on by itself until the server says that it is done. */
export const useStageLog = ({ pipelineId, runId }: RunRef, stageId: string, tryNumber: number, active: boolean) => {
  const query = api.useInfiniteQuery(
    "get",
    "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/log",
    { params: { path: { pipeline_id: pipelineId, run_id: runId, stage_id: stageId }, query: { try_number: tryNumber } } },
    {
      gcTime: 60_000,
      getNextPageParam: ({ done, token }: { done: boolean; token: string | null }) => (done ? undefined : (token ?? undefined)),
      // The kit would send 0 for a token that is not given; an empty one asks for the beginning.
      initialPageParam: "",
      pageParamName: "token",
      // Some log stores end a page without a token although the stage still writes.
      refetchInterval: ({ state }) => (active && state.data?.pages.at(-1)?.done === true ? RENEW_MS : false),
      refetchOnWindowFocus: false,
      staleTime: Infinity,
    },
  );
  const { data, fetchNextPage, hasNextPage, isFetching, refetch } = query;
  const lastPage = data?.pages.at(-1);
  const readOnAfter = lastPage && lastPage.lines.length > 0 ? 0 : POLL_MS;
  const pages = data?.pages.length ?? 0;

  // A timer is outside React: the next page is asked for at once while lines come, later while the stage is quiet.
  useEffect(() => {
    if (!hasNextPage || isFetching) return;
    const timer = setTimeout(() => void fetchNextPage(), readOnAfter);
    return () => clearTimeout(timer);
  }, [fetchNextPage, hasNextPage, isFetching, pages, readOnAfter]);

  const wasActive = useRef(active);
  // The last lines of a stage are written as it ends: the log is read once more then.
  useEffect(() => {
    if (wasActive.current && !active) void refetch();
    wasActive.current = active;
  }, [active, refetch]);

  const lines = useMemo(() => toLines(data?.pages.flatMap((page) => page.lines) ?? []), [data]);
  return { lines, query, reading: hasNextPage || active };
};
