import { Box, chakra, Flex } from "@chakra-ui/react";
import { memo } from "react";

import { formatAbsolute, formatClock } from "src/format/time";

import { type Level, type Line, splitHits } from "./lines";

type Props = { line: Line; search: string; current: boolean; wrap: boolean; onMark: (number: number) => void };

export const LEVEL_LOOKS: Record<Level, { label: string; bg: string | undefined; color: string }> = {
  debug: { bg: undefined, color: "fg.muted", label: "DEBUG" },
  error: { bg: "failed.subtle", color: "failed.fg", label: "ERROR" },
  info: { bg: undefined, color: "fg", label: "INFO" },
  warning: { bg: "warning.subtle", color: "warning.fg", label: "WARN" },
};

/** Line number, time, level, logger, message. The number is the line's permanent address. */
export const LogRow = memo(({ current, line, onMark, search, wrap }: Props) => {
  const { bg, color, label } = LEVEL_LOOKS[line.severity];
  // On a coloured row muted text would be too pale to read.
  const quiet = bg ? "fg" : "fg.muted";
  const time = line.time ? new Date(line.time) : null;
  return (
    <Flex align="start" bg={bg} boxShadow={current ? "inset 3px 0 0 var(--chakra-colors-brand-solid)" : undefined} fontFamily="mono" fontSize="12px" gap="3" lineHeight="20px" outline={current ? "1px solid var(--chakra-colors-brand-emphasized)" : undefined} outlineOffset="-1px" paddingX="3">
      <chakra.button _hover={{ color: "fg", textDecoration: "underline" }} aria-label={`Line ${line.number}`} color={quiet} cursor="pointer" flexShrink="0" minWidth="40px" onClick={() => onMark(line.number)} textAlign="right" type="button" userSelect="none">
        {line.number}
      </chakra.button>
      <chakra.time color={quiet} flexShrink="0" title={time ? formatAbsolute(time) : undefined} width="92px">{time ? formatClock(time) : ""}</chakra.time>
      <chakra.span color={color} flexShrink="0" fontWeight={line.severity === "info" || line.severity === "debug" ? "400" : "600"} width="44px">{label}</chakra.span>
      <Box color={line.severity === "debug" ? "fg.muted" : "fg"} flex="1" minWidth="0" overflowWrap={wrap ? "anywhere" : undefined} whiteSpace={wrap ? "pre-wrap" : "pre"}>
        {line.logger ? <chakra.span color={quiet} marginRight="3">{line.logger}</chakra.span> : null}
        {splitHits(line.message, search).map(({ hit, text }, index) => (hit ? <chakra.mark bg="yellow.muted" color="inherit" key={index}>{text}</chakra.mark> : text))}
      </Box>
    </Flex>
  );
});
LogRow.displayName = "LogRow";
