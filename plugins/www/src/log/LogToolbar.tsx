import { Button, HStack, IconButton, Input, InputGroup, NativeSelect, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";
import { LuArrowDown, LuArrowUp, LuCircleX, LuSearch, LuWrapText } from "react-icons/lu";

import { CopyButton } from "src/feedback/CopyButton";
import { formatCount } from "src/format/number";

import { type Level, LEVELS } from "./lines";
import { LEVEL_LOOKS } from "./LogRow";

type Props = {
  /** The stage's own select. */
  children: ReactNode;
  counts: Record<Level, number>;
  levels: readonly Level[];
  matches: number;
  onLevels: (levels: Level[]) => void;
  onNextError: () => void;
  onSearch: (search: string) => void;
  onStep: (step: 1 | -1) => void;
  onTry: (tryNumber: number) => void;
  onWrap: () => void;
  search: string;
  text: () => string;
  tries: number;
  tryNumber: number;
  wrap: boolean;
};

export const LogToolbar = ({ children, counts, levels, matches, onLevels, onNextError, onSearch, onStep, onTry, onWrap, search, text, tries, tryNumber, wrap }: Props) => {
  const toggle = (level: Level) => onLevels(levels.includes(level) ? levels.filter((each) => each !== level) : [...levels, level]);
  return (
    <HStack borderBottomWidth="1px" flexShrink="0" gap="2" overflowX="auto" paddingX="3" paddingY="1">
      {children}
      {tries > 1 ? (
        <NativeSelect.Root flexShrink="0" size="xs" width="88px">
          <NativeSelect.Field aria-label="Try" onChange={(event) => onTry(Number(event.currentTarget.value))} value={tryNumber}>
            {Array.from({ length: tries }, (_, index) => <option key={index} value={index + 1}>Try {index + 1}</option>)}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      ) : null}
      <InputGroup endElement={search ? <Text aria-live="polite" fontSize="11px">{formatCount(matches)}</Text> : undefined} flexShrink="0" startElement={<LuSearch aria-hidden />} width="200px">
        <Input
          aria-label="Search the log"
          onChange={(event) => onSearch(event.currentTarget.value)}
          onKeyDown={({ key, shiftKey }) => { if (key === "Enter") onStep(shiftKey ? -1 : 1); }}
          placeholder="Search the log"
          size="xs"
          value={search}
        />
      </InputGroup>
      <IconButton aria-label="Previous match" disabled={matches === 0} onClick={() => onStep(-1)} size="2xs" variant="ghost"><LuArrowUp aria-hidden /></IconButton>
      <IconButton aria-label="Next match" disabled={matches === 0} onClick={() => onStep(1)} size="2xs" variant="ghost"><LuArrowDown aria-hidden /></IconButton>
      <HStack aria-label="Levels" flex="1" gap="1" role="group">
        {LEVELS.map((level) => (
          <Button aria-pressed={levels.includes(level)} flexShrink="0" fontWeight="400" gap="1" key={level} onClick={() => toggle(level)} size="2xs" variant={levels.includes(level) ? "subtle" : "ghost"}>
            {LEVEL_LOOKS[level].label}
            <Text as="span" color={counts[level] > 0 ? LEVEL_LOOKS[level].color : "fg.muted"} fontVariantNumeric="tabular-nums">{formatCount(counts[level])}</Text>
          </Button>
        ))}
      </HStack>
      <Button disabled={counts.error === 0} flexShrink="0" onClick={onNextError} size="2xs" title="Next error (E)" variant="ghost"><LuCircleX aria-hidden /> Next error</Button>
      <IconButton aria-label="Wrap lines" aria-pressed={wrap} onClick={onWrap} size="2xs" title="Wrap lines" variant={wrap ? "subtle" : "ghost"}><LuWrapText aria-hidden /></IconButton>
      <CopyButton label="Copy the shown lines" text={text} />
    </HStack>
  );
};
