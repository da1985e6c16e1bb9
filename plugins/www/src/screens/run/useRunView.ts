import { useCallback } from "react";
import { useSearchParams } from "react-router-dom";

import { stageOfInterest, type RunStage } from "src/graph/status";

const PANES = ["stages", "nodes", "log", "diagnosis"] as const;
export type Pane = (typeof PANES)[number];

const numberOf = (text: string | null): number | null => {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : null;
};

/** What the lower pane shows, as the address holds it: which stage's log, which try, which line. */
export const useRunView = (stages: readonly RunStage[]) => {
  const [params, setParams] = useSearchParams();
  const update = useCallback(
    (change: Record<string, string | null>) =>
      setParams((before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(change)) {
          if (value === null) after.delete(name);
          else after.set(name, value);
        }
        return after;
      }, { replace: true }),
    [setParams],
  );
  const stage = stages.find(({ id }) => id === params.get("stage")) ?? stageOfInterest(stages) ?? stages[0];
  const pane: Pane = PANES.find((each) => each === params.get("pane")) ?? "stages";
  const openLog = useCallback((stageId: string) => update({ line: null, pane: "log", stage: stageId, try: null }), [update]);
  return {
    line: numberOf(params.get("line")),
    openLog,
    pane,
    setLine: (line: number | null) => update({ line: line === null ? null : String(line), pane: "log", stage: stage?.id ?? null }),
    setPane: (next: string) => update({ pane: next === "stages" ? null : next }),
    setTry: (tryNumber: number) => update({ line: null, stage: stage?.id ?? null, try: String(tryNumber) }),
    stage,
    tryNumber: Math.min(numberOf(params.get("try")) ?? Infinity, Math.max(stage?.try_number ?? 1, 1)),
  };
};
