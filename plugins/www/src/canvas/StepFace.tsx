import { Box, chakra, Flex, Text } from "@chakra-ui/react";

import { formatCompact } from "src/format/number";
import { formatDuration } from "src/format/time";
import { typeWord } from "src/graph/model";
import { stateLook } from "src/states/states";

import type { StepNode } from "./flow";
import { NodeIcon } from "./NodeIcon";

type Props = { data: StepNode["data"] };

const metaOf = ({ node, running, status }: StepNode["data"]): string => {
  if (!node.enabled) return `${typeWord(node.type)} · disabled`;
  if (!status) return [typeWord(node.type), node.connection].filter(Boolean).join(" · ");
  const rows = status.rows_out ?? status.rows_in;
  const facts = [rows === null ? null : `${formatCompact(rows)} rows`, status.seconds === null ? null : formatDuration(status.seconds)].filter(Boolean);
  return facts.length > 0 ? facts.join(" · ") : running ? stateLook(status.state).label : typeWord(node.type);
};

/** What a node shows when it is near enough to be read: sign, name, meta, state. */
export const StepFace = ({ data }: Props) => {
  const { dimmed, node, status } = data;
  const look = stateLook(status?.state);
  // Violet is for AI alone.
  const hue = node.kind === "ai" ? "violet" : "brand";
  return (
    <>
      <Flex align="center" bg={dimmed ? "bg.muted" : `${hue}.subtle`} borderRadius="6px" color={dimmed ? "fg.muted" : `${hue}.fg`} flexShrink="0" height="28px" justify="center" width="28px">
        <NodeIcon node={node} />
      </Flex>
      <Box flex="1" minWidth="0">
        <Text color={dimmed ? "fg.muted" : "fg"} fontSize="13px" fontWeight={dimmed ? "400" : "600"} lineHeight="18px" truncate>{node.label}</Text>
        <Text color="fg.muted" fontSize="11px" fontVariantNumeric="tabular-nums" lineHeight="16px" truncate>{metaOf(data)}</Text>
      </Box>
      {status ? <chakra.span bg={status.state === "waiting" ? undefined : `${look.token}.solid`} borderColor={`${look.token}.solid`} borderRadius="full" borderWidth="1px" className={status.state === "running" ? "pulse" : undefined} flexShrink="0" height="8px" title={look.label} width="8px" /> : null}
    </>
  );
};
