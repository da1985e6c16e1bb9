import { Box, chakra, Flex } from "@chakra-ui/react";
import { Handle, Position, useStore, type NodeProps } from "@xyflow/react";
import { useState } from "react";

import { portOffset } from "src/graph/layout";
import { outPorts } from "src/graph/model";
import { isActive, stateLook } from "src/states/states";

import { useCanvasActions } from "./context";
import { FailureBubble } from "./FailureBubble";
import type { StepNode } from "./flow";
import { StepFace } from "./StepFace";

/** Below this zoom text cannot be read: the state fills the node instead. */
export const FAR_ZOOM = 0.4;

/** One node: sign, name, meta, state; its ports at the sides. */
export const StepNodeView = ({ data, id, selected }: NodeProps<StepNode>) => {
  const { dimmed, lit, node, status } = data;
  const far = useStore(({ transform }) => transform[2] < FAR_ZOOM);
  const { openLog, select } = useCanvasActions();
  const [near, setNear] = useState(false);
  const look = stateLook(status?.state);
  const failed = status?.state === "failed";
  const ports = outPorts(node);
  const borderColor = selected ? "brand.solid" : failed ? "failed.solid" : status && isActive(status.state) && status.state !== "waiting" ? `${look.token}.solid` : lit ? "brand.emphasized" : dimmed ? "border" : "border.emphasized";
  return (
    <Box height="100%" onBlur={() => setNear(false)} onFocus={() => setNear(true)} onMouseEnter={() => setNear(true)} onMouseLeave={() => setNear(false)} position="relative">
      {node.kind === "source" ? null : <Handle id="in" isConnectable={false} position={Position.Left} type="target" />}
      <chakra.button
        aria-label={`${node.label}, ${node.type}, ${status ? look.label : node.enabled ? "no state" : "disabled"}`}
        aria-pressed={selected}
        borderRadius="8px"
        cursor="pointer"
        inset="0"
        onClick={() => select(selected ? null : id)}
        position="absolute"
        type="button"
        zIndex="1"
      />
      <Flex
        align="center"
        aria-hidden
        bg={far ? (status ? `${look.token}.solid` : "brand.emphasized") : "bg"}
        borderColor={borderColor}
        borderRadius="8px"
        borderStyle={node.enabled ? "solid" : "dashed"}
        borderWidth={selected || failed ? "2px" : "1px"}
        className={failed ? "failed-glow" : undefined}
        gap="2"
        height="100%"
        paddingX={selected || failed ? "11px" : "12px"}
      >
        {far ? null : <StepFace data={data} />}
      </Flex>
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
