import type { IconType } from "react-icons";
import {
  LuArrowDownUp, LuArrowDownWideNarrow, LuBetweenHorizontalEnd, LuCode, LuColumns3, LuCombine, LuCopyMinus, LuDatabase, LuDice5, LuFileDown, LuFileText,
  LuFilter, LuGlobe, LuHardDriveDownload, LuLayers2, LuRadio, LuShieldCheck, LuSigma, LuSparkles, LuSplit, LuSquareFunction, LuTable2,
} from "react-icons/lu";

import type { GraphNode } from "src/graph/model";

const BY_TYPE: Record<string, IconType> = {
  "source.file": LuFileText,
  "source.http": LuGlobe,
  "source.kafka": LuRadio,
  "target.file": LuFileDown,
  "target.kafka": LuRadio,
  "transform.aggregate": LuSigma,
  "transform.deduplicate": LuCopyMinus,
  "transform.expression": LuSquareFunction,
  "transform.filter": LuFilter,
  "transform.join": LuCombine,
  "transform.lookup": LuCombine,
  "transform.pivot": LuTable2,
  "transform.router": LuSplit,
  "transform.sample": LuDice5,
  "transform.select": LuColumns3,
  "transform.sort": LuArrowDownWideNarrow,
  "transform.sql": LuCode,
  "transform.union": LuLayers2,
  "transform.unpivot": LuTable2,
  "transform.window": LuBetweenHorizontalEnd,
};

const BY_KIND: Record<GraphNode["kind"], IconType> = {
  ai: LuSparkles,
  quality: LuShieldCheck,
  source: LuDatabase,
  target: LuHardDriveDownload,
  transform: LuArrowDownUp,
};

/** The sign of a node type; types without their own take their kind's. */
export const iconOf = ({ kind, type }: Pick<GraphNode, "kind" | "type">): IconType => BY_TYPE[type] ?? BY_KIND[kind];
