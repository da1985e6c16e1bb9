import { Box } from "@chakra-ui/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import type { Line } from "./lines";
import { LogRow } from "./LogRow";

type Props = { /** Where to begin reading: the first error of what failed, -1 for the top. */ anchor: number; lines: readonly Line[]; search: string; current: number; follow: boolean; wrap: boolean; onMark: (number: number) => void };

const ROW_HEIGHT = 20;
const NEAR_END = 60;

/** The lines in sight; follows the end while the log grows, unless the reader scrolled away. */
export const LogLines = ({ anchor, current, follow, lines, onMark, search, wrap }: Props) => {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const anchored = useRef(false);
  const virtualizer = useVirtualizer({ count: lines.length, estimateSize: () => ROW_HEIGHT, getScrollElement: () => scroller.current, overscan: 20 });

  // Scrolling is outside React: the marked line is brought into sight when it changes.
  useEffect(() => {
    if (current >= 0) virtualizer.scrollToIndex(current, { align: "center" });
  }, [current, virtualizer]);

  // What failed is opened at its first error, unless a line is marked.
  useEffect(() => {
    if (anchored.current || anchor < 0) return;
    anchored.current = true;
    if (current < 0) virtualizer.scrollToIndex(anchor, { align: "center" });
  }, [anchor, current, virtualizer]);

  // New lines push the view along only while its reader is at the end.
  useEffect(() => {
    if (follow && atEnd.current && current < 0 && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
  }, [current, follow, lines.length, virtualizer]);

  return (
    <Box
      aria-label="Log"
      flex="1"
      minHeight="0"
      onScroll={({ currentTarget: { clientHeight, scrollHeight, scrollTop } }) => { atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END; }}
      overflow="auto"
      paddingY="1"
      ref={scroller}
      role="log"
      tabIndex={0}
    >
      <Box height={`${virtualizer.getTotalSize()}px`} minWidth={wrap ? undefined : "max-content"} position="relative">
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const line = lines[index];
          return line ? (
            <Box data-index={index} insetInlineStart="0" key={line.number} minWidth="100%" position="absolute" ref={virtualizer.measureElement} style={{ transform: `translateY(${start}px)` }} width={wrap ? "100%" : undefined}>
              <LogRow current={index === current} line={line} onMark={onMark} search={search} wrap={wrap} />
            </Box>
          ) : null;
        })}
      </Box>
    </Box>
  );
};
