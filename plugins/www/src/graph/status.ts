/** What a run did to a graph: by node, by stage, by edge. Pure. */
import type { components } from "src/api/schema";

import { DEFAULT_PORT, type GraphEdge } from "./model";

type Schemas = components["schemas"];

export type RunStage = Schemas["RunStage"];
export type RunNode = Schemas["RunNode"];

export type NodeStatus = RunNode & { stage: RunStage };

/** Every node that ran or will run; disabled nodes are in no stage and so have no status. */
export const nodeStatuses = (stages: readonly RunStage[]): Map<string, NodeStatus> =>
  new Map(stages.flatMap((stage) => stage.nodes.map((node) => [node.id, { ...node, stage }] as const)));

export type EdgeStatus = {
  /** Rows that left through the edge's port; null unless measured. */
  rows: number | null;
  /** Its consumer is at work now. */
  flowing: boolean;
  /** Its consumer has taken the rows. */
  done: boolean;
};

const isDone = (state: string): boolean => state === "success" || state === "warning";

export const edgeStatus = (edge: GraphEdge, statuses: ReadonlyMap<string, NodeStatus>): EdgeStatus => {
  const source = statuses.get(edge.source);
  const target = statuses.get(edge.target);
  const port = edge.port ?? DEFAULT_PORT;
  const rows = port === DEFAULT_PORT ? source?.rows_out : port === "rejected" ? source?.rows_rejected : null;
  return {
    done: target !== undefined && isDone(target.state),
    flowing: edge.kind === "data" && target?.state === "running",
    rows: edge.kind === "data" ? (rows ?? null) : null,
  };
};

export type Progress = { done: number; total: number };

/** How many stages have ended, for the bar over the graph. */
export const progressOf = (stages: readonly RunStage[]): Progress => ({
  done: stages.filter(({ state }) => isDone(state) || state === "skipped").length,
  total: stages.length,
});

/** The stage to look at first: what failed, else what runs, else the last that ended. */
export const stageOfInterest = (stages: readonly RunStage[]): RunStage | undefined =>
  stages.find(({ state }) => state === "failed") ??
  stages.find(({ state }) => state === "running" || state === "up_for_retry") ??
  stages.filter(({ end }) => end !== null).sort((a, b) => Date.parse(b.end ?? "") - Date.parse(a.end ?? ""))[0];

/** The node to look at first in a run that is wrong or at work; null when it went well. */
export const nodeOfInterest = (statuses: ReadonlyMap<string, NodeStatus>): string | null => {
  const all = [...statuses.values()];
  return (all.find(({ state }) => state === "failed") ?? all.find(({ state }) => state === "running"))?.id ?? null;
};

/** The class before the colon of an error's first line, and the rest. */
export const splitError = (error: string): { errorClass: string | null; message: string } => {
  const match = /^([A-Za-z_][\w.]*(?:Error|Exception|Failure|Warning|Interrupt|Exit|Timeout))\s*:\s*(.*)$/s.exec(error);
  const errorClass = match?.[1]?.split(".").at(-1) ?? null;
  return { errorClass, message: match?.[2] ?? error };
};
