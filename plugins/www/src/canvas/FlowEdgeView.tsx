import { chakra } from "@chakra-ui/react";
import { BaseEdge, EdgeLabelRenderer, useStore, type EdgeProps } from "@xyflow/react";

import { formatCompact, formatCounted } from "src/format/number";
import { DEFAULT_PORT } from "src/graph/model";
import { labelPoint, roundedPath } from "src/graph/route";

import type { FlowEdge } from "./flow";
import { FAR_ZOOM } from "./StepNodeView";

type Look = Pick<NonNullable<FlowEdge["data"]>, "dimmed" | "lit" | "status">;

const strokeOf = ({ lit, status }: Look): string => {
  if (status.flowing) return "var(--chakra-colors-running-solid)";
  if (lit) return "var(--chakra-colors-brand-solid)";
  return status.done ? "var(--chakra-colors-success-solid)" : "var(--chakra-colors-fg-subtle)";
};

/** An edge: solid for data, dotted for order, moving while its consumer works; rows that went through stand on it. */
export const FlowEdgeView = ({ data, id, sourceX, sourceY, targetX, targetY }: EdgeProps<FlowEdge>) => {
  const far = useStore(({ transform }) => transform[2] < FAR_ZOOM);
  if (!data) return null;
  const { dimmed, edge, labelled, lit, route, status } = data;
  const points = route.length > 1 ? route : [{ x: sourceX, y: sourceY }, { x: targetX, y: targetY }];
  const label = labelPoint(points);
  const named = edge.port !== null && edge.port !== DEFAULT_PORT ? edge.port : null;
  const text = [named, status.rows === null ? null : formatCompact(status.rows)].filter((part) => part !== null).join(" ");
  return (
    <>
      <BaseEdge
        className={status.flowing ? "flowing" : undefined}
        id={id}
        path={roundedPath(points)}
        style={{
          opacity: dimmed ? 0.4 : 1,
          stroke: strokeOf(data),
          strokeDasharray: edge.kind === "after" ? "2 4" : undefined,
          strokeWidth: lit || status.flowing ? 2 : 1.5,
        }}
      />
      {text && labelled && !far ? (
        <EdgeLabelRenderer>
          <chakra.span
            bg="bg"
            borderColor="border"
            borderRadius="4px"
            borderWidth="1px"
            color={named === "rejected" && status.rows ? "warning.fg" : "fg.muted"}
            fontSize="11px"
            fontVariantNumeric="tabular-nums"
            lineHeight="14px"
            paddingX="1"
            pointerEvents="all"
            position="absolute"
            style={{ transform: `translate(0, -50%) translate(${label.x}px, ${label.y}px)` }}
            title={[`out of ${edge.source}`, named ? `port ${named}` : null, status.rows === null ? null : formatCounted(status.rows, "row")].filter(Boolean).join(" · ")}
          >
            {text}
          </chakra.span>
        </EdgeLabelRenderer>
      ) : null}
    </>
  );
};
