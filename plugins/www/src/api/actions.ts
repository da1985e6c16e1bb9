/** What changes something on the server, with the queries that go stale by it. */
import { useQueryClient } from "@tanstack/react-query";

import { toastError } from "src/feedback/toaster";

import { api } from "./client";

/** Lists, pages and runs are read again; the few that are on screen at once. */
const useRefresh = () => {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/pipelines") || String(queryKey[1]).startsWith("/runs") });
};

export const useTriggerRun = () => {
  const refresh = useRefresh();
  return api.useMutation("post", "/pipelines/{pipeline_id}/runs", { onSuccess: refresh });
};

export const usePatchPipeline = () => {
  const refresh = useRefresh();
  return api.useMutation("patch", "/pipelines/{pipeline_id}", {
    onError: (error) => toastError("The pipeline was not changed", error),
    onSettled: refresh,
  });
};

export const useCancelRun = () => {
  const refresh = useRefresh();
  return api.useMutation("post", "/runs/{pipeline_id}/{run_id}/cancel", { onSettled: refresh });
};

export const useResumeRun = () => {
  const refresh = useRefresh();
  return api.useMutation("post", "/runs/{pipeline_id}/{run_id}/resume", { onSettled: refresh });
};

export const usePlanBackfill = () => api.useMutation("post", "/pipelines/{pipeline_id}/backfills");

export const useStartBackfill = () => {
  const refresh = useRefresh();
  return api.useMutation("post", "/pipelines/{pipeline_id}/backfills", { onSuccess: refresh });
};

export const usePatchBackfill = () => {
  const refresh = useRefresh();
  return api.useMutation("patch", "/pipelines/{pipeline_id}/backfills/{backfill_id}", {
    onError: (error) => toastError("The backfill was not changed", error),
    onSettled: refresh,
  });
};

export const useCancelBackfill = () => {
  const refresh = useRefresh();
  return api.useMutation("post", "/pipelines/{pipeline_id}/backfills/{backfill_id}/cancel", {
    onError: (error) => toastError("The backfill was not cancelled", error),
    onSettled: refresh,
  });
};

export const useApplyFix = () => {
  const refresh = useRefresh();
  return api.useMutation("post", "/pipelines/{pipeline_id}/fix", { onSuccess: refresh });
};

const DIAGNOSIS = "/runs/{pipeline_id}/{run_id}/stages/{stage_id}/diagnosis";

/** What is kept of a diagnosis now is what the page shows. */
const useRefreshDiagnosis = () => {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] === DIAGNOSIS });
};

export const useAskAgain = () => {
  const refresh = useRefreshDiagnosis();
  return api.useMutation("post", DIAGNOSIS, { onSuccess: refresh });
};

export const useGiveFeedback = () => {
  const refresh = useRefreshDiagnosis();
  return api.useMutation("put", `${DIAGNOSIS}/feedback`, { onSuccess: refresh });
};
