import { Box, chakra, Flex, Text } from "@chakra-ui/react";
import { Handle, Position, useStore, type NodeProps } from "@xyflow/react";
import { useState } from "react";

import { formatCompact } from "src/format/number";
import { formatDuration } from "src/format/time";
import { portOffset } from "src/graph/layout";
import { outPorts, typeWord } from "src/graph/model";
import { isActive, stateLook } from "src/states/states";

import { useCanvasActions } from "./context";
import { FailureBubble } from "./FailureBubble";
import type { StepNode } from "./flow";
import { iconOf } from "./kinds";

/** Below this zoom text cannot be read: the state fills the node instead. */
export const FAR_ZOOM = 0.4;

const metaOf = ({ node, running, status }: StepNode["data"]): string => {
  if (!node.enabled) return `${typeWord(node.type)} · disabled`;
  if (!status) return [typeWord(node.type), node.connection].filter(Boolean).join(" · ");
  const rows = status.rows_out ?? status.rows_in;
  const facts = [rows === null ? null : `${formatCompact(rows)} rows`, status.seconds === null ? null : formatDuration(status.seconds)].filter(Boolean);
  return facts.length > 0 ? facts.join(" · ") : running ? stateLook(status.state).label : typeWord(node.type);
};

/** One node: sign, name, meta, state; its ports at the sides. */
export const StepNodeView = ({ data, id, selected }: NodeProps<StepNode>) => {
  const { dimmed, lit, node, status } = data;
  const far = useStore(({ transform }) => transform[2] < FAR_ZOOM);
  const { openLog, select } = useCanvasActions();
  const [near, setNear] = useState(false);
  const Icon = iconOf(node);
  const look = stateLook(status?.state);
  const failed = status?.state === "failed";
  const ports = outPorts(node);
  // Violet is for AI alone.
  const hue = node.kind === "ai" ? "violet" : "brand";
  const borderColor = selected ? "brand.solid" : failed ? "failed.solid" : status && isActive(status.state) && status.state !== "waiting" ? `${look.token}.solid` : lit ? "brand.emphasized" : dimmed ? "border" : "border.emphasized";
  return (
    <Box height="100%" onBlur={() => setNear(false)} onFocus={() => setNear(true)} onMouseEnter={() => setNear(true)} onMouseLeave={() => setNear(false)} position="relative">
      {node.kind === "source" ? null : <Handle id="in" isConnectable={false} position={Position.Left} type="target" />}
      <chakra.button
        _hover={{ borderColor: selected || failed ? undefined : "brand.emphasized" }}
        alignItems="center"
        aria-label={`${node.label}, ${node.type}, ${status ? look.label : node.enabled ? "no state" : "disabled"}`}
        aria-pressed={selected}
        bg={far && status ? `${look.token}.solid` : "bg"}
        borderColor={borderColor}
        borderRadius="8px"
        borderStyle={node.enabled ? "solid" : "dashed"}
        borderWidth={selected || failed ? "2px" : "1px"}
        className={failed ? "failed-glow" : undefined}
        cursor="pointer"
        display="flex"
        gap="2"
        height="100%"
        onClick={() => select(selected ? null : id)}
        paddingX={selected || failed ? "11px" : "12px"}
        textAlign="left"
        type="button"
        width="100%"
      >
        {far ? null : (
          <Flex align="center" aria-hidden flex="1" gap="2" minWidth="0">
            <Flex align="center" bg={dimmed ? "bg.muted" : `${hue}.subtle`} borderRadius="6px" color={dimmed ? "fg.muted" : `${hue}.fg`} flexShrink="0" height="28px" justify="center" width="28px">
              <Icon aria-hidden size={16} />
            </Flex>
            <Box flex="1" minWidth="0">
              <Text color={dimmed ? "fg.muted" : "fg"} fontSize="13px" fontWeight={dimmed ? "400" : "600"} lineHeight="18px" truncate>{node.label}</Text>
              <Text color="fg.muted" fontSize="11px" fontVariantNumeric="tabular-nums" lineHeight="16px" truncate>{metaOf(data)}</Text>
            </Box>
            {status ? <chakra.span bg={`${look.token}.solid`} borderRadius="full" className={status.state === "running" ? "pulse" : undefined} flexShrink="0" height="8px" title={look.label} width="8px" /> : null}
          </Flex>
        )}
      </chakra.button>
      {ports.map((port, index) => (
        <Handle id={port} isConnectable={false} key={port} position={Position.Right} style={{ top: `${100 * portOffset(index, ports.length)}%` }} type="source" />
      ))}
      {ports.length === 0 ? <Handle id="out" isConnectable={false} position={Position.Right} style={{ visibility: "hidden" }} type="source" /> : null}
      {node.kind === "source" ? <Handle id="in" isConnectable={false} position={Position.Left} style={{ visibility: "hidden" }} type="target" /> : null}
      {failed && near && status.stage.error ? (
        <FailureBubble error={status.stage.error} onOpenLog={openLog ? () => openLog(status.stage.id) : undefined} />
      ) : null}
    </Box>
  );
};
