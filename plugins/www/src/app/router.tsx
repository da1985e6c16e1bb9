import { createBrowserRouter, Navigate, type Params, type RouteObject } from "react-router-dom";

import { base } from "src/host/base";
import { NotFound } from "src/screens/NotFound";
import { ScreenError } from "src/screens/ScreenError";
import type { CrumbHandle } from "src/shell/crumbs";
import { parseRunRef, pipelinePath } from "src/shell/routes";
import { Shell } from "src/shell/Shell";

const pipelines = { label: "Pipelines", to: "/pipelines" };

const listCrumbs: CrumbHandle = { crumbs: () => [pipelines] };
const pipelineCrumbs: CrumbHandle = { crumbs: ({ pipelineId = "" }: Params) => [pipelines, { label: pipelineId }] };
const runCrumbs: CrumbHandle = {
  crumbs: ({ runRef = "" }: Params) => {
    const ref = parseRunRef(runRef);
    return ref ? [pipelines, { label: ref.pipelineId, to: pipelinePath(ref.pipelineId) }, { label: ref.runId }] : [pipelines];
  },
};

const routes: RouteObject[] = [
  {
    children: [
      {
        children: [
          { element: <Navigate replace to="/pipelines" />, index: true },
          { handle: listCrumbs, lazy: async () => ({ Component: (await import("src/screens/pipelines/PipelinesScreen")).PipelinesScreen }), path: "pipelines" },
          { handle: pipelineCrumbs, lazy: async () => ({ Component: (await import("src/screens/pipeline/PipelineScreen")).PipelineScreen }), path: "pipelines/:pipelineId/:tab?" },
          { handle: runCrumbs, lazy: async () => ({ Component: (await import("src/screens/run/RunScreen")).RunScreen }), path: "monitor/runs/:runRef" },
          { element: <NotFound />, handle: { crumbs: () => [{ label: "Not found" }] } satisfies CrumbHandle, path: "*" },
        ],
        errorElement: <ScreenError />,
      },
    ],
    element: <Shell />,
    hydrateFallbackElement: <></>,
    path: "/",
  },
];

export const router = createBrowserRouter(routes, { basename: base.app });
