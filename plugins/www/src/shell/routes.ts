/** The screens that exist, in the order of the navigation, and how their addresses are written. */
import type { IconType } from "react-icons";
import { LuWorkflow } from "react-icons/lu";

export type NavRoute = { path: string; label: string; icon: IconType; /** Path prefixes that light the entry. */ owns: readonly string[] };

export const NAV_ROUTES: readonly NavRoute[] = [
  { icon: LuWorkflow, label: "Pipelines", owns: ["/pipelines", "/monitor"], path: "/pipelines" },
];

export const pipelinePath = (pipelineId: string): string => `/pipelines/${encodeURIComponent(pipelineId)}`;

/** Pipeline ids never hold `~`; run ids hold `:` and `+`, which must survive the address bar. */
export const runPath = (pipelineId: string, runId: string): string =>
  `/monitor/runs/${encodeURIComponent(`${pipelineId}~${runId}`)}`;

export type RunRef = { pipelineId: string; runId: string };

/** The reverse of runPath's last segment, already URL-decoded by the router; null when it is not one. */
export const parseRunRef = (segment: string): RunRef | null => {
  const at = segment.indexOf("~");
  if (at < 1 || at === segment.length - 1) return null;
  return { pipelineId: segment.slice(0, at), runId: segment.slice(at + 1) };
};

export const airflowDagPath = (pipelineId: string): string => `/dags/${encodeURIComponent(pipelineId)}`;

export const airflowRunPath = ({ pipelineId, runId }: RunRef): string =>
  `${airflowDagPath(pipelineId)}/runs/${encodeURIComponent(runId)}`;
