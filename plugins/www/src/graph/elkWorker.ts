/** ELK in a worker: a layout of a thousand nodes must not stop the page. */
import ELK, { type ELK as Elk } from "elkjs/lib/elk-api";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";

import { fromElk, type Layout, toElk } from "./layout";
import type { PipelineGraph } from "./model";

let elk: Elk | null = null;

const start = (): Elk => new ELK({ workerFactory: () => new Worker(new URL(workerUrl, import.meta.url)) });

/** Where everything lies. The worker is started on the first call and kept. */
export const layoutGraph = async (graph: PipelineGraph): Promise<Layout> => {
  elk ??= start();
  return fromElk(await elk.layout(toElk(graph)));
};
