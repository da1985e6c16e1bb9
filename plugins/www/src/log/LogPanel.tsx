import { Flex, Text } from "@chakra-ui/react";
import { useMemo, useState, type ReactNode } from "react";
import { LuScrollText } from "react-icons/lu";

import { asApiError } from "src/api/errors";
import { EmptyState } from "src/feedback/EmptyState";
import { ErrorState } from "src/feedback/ErrorState";
import { Waiting } from "src/feedback/Waiting";
import type { RunStage } from "src/graph/status";
import { useKeys } from "src/shell/keys";
import type { RunRef } from "src/shell/routes";
import { isActive } from "src/states/states";

import { countLevels, findMatches, type Level, nextError, ofLevels, stepMatch, toText } from "./lines";
import { LogLines } from "./LogLines";
import { LogToolbar } from "./LogToolbar";
import { useStageLog } from "./useStageLog";

type Props = {
  children: ReactNode;
  onMark: (line: number | null) => void;
  onTry: (tryNumber: number) => void;
  /** The marked line's number, as the address holds it. */
  marked: number | null;
  run: RunRef;
  stage: RunStage;
  tryNumber: number;
};

/** One try's log of one stage: search, levels, errors, wrap, copy, permanent lines. */
export const LogPanel = ({ children, marked, onMark, onTry, run, stage, tryNumber }: Props) => {
  const { lines, query, reading } = useStageLog(run, stage.id, tryNumber, isActive(stage.state) && tryNumber === stage.try_number);
  const [search, setSearch] = useState("");
  const [levels, setLevels] = useState<Level[]>([]);
  const [wrap, setWrap] = useState(true);
  const counts = useMemo(() => countLevels(lines), [lines]);
  const shown = useMemo(() => ofLevels(lines, levels), [levels, lines]);
  const matches = useMemo(() => findMatches(shown, search), [search, shown]);
  const current = shown.findIndex(({ number }) => number === marked);
  const mark = (index: number) => onMark(shown[index]?.number ?? null);
  const goToError = () => mark(nextError(shown, current));
  useKeys({ e: goToError });

  const body = () => {
    if (query.isError && lines.length === 0) return <ErrorState compact error={query.error} onRetry={() => void query.refetch()} title="The log could not be read" />;
    if (query.isPending) return <Waiting label="Reading the log" rows={6} />;
    if (lines.length === 0 && !reading) return <EmptyState icon={LuScrollText} title="This try left no log">It may have ended before it began, or the log was removed.</EmptyState>;
    return <LogLines anchor={stage.state === "failed" ? nextError(shown, -1) : -1} current={current} follow={reading} lines={shown} onMark={onMark} search={search} wrap={wrap} />;
  };
  return (
    <Flex direction="column" height="100%" minHeight="0">
      <LogToolbar
        counts={counts}
        levels={levels}
        matches={matches.length}
        onLevels={setLevels}
        onNextError={goToError}
        onSearch={setSearch}
        onStep={(step) => mark(stepMatch(matches, current, step))}
        onTry={onTry}
        onWrap={() => setWrap((before) => !before)}
        search={search}
        text={() => toText(shown)}
        tries={stage.try_number}
        tryNumber={tryNumber}
        wrap={wrap}
      >
        {children}
      </LogToolbar>
      <Flex direction="column" flex="1" minHeight="0">{body()}</Flex>
      {query.isError && lines.length > 0 ? <Text color="failed.fg" fontSize="12px" paddingX="3" role="status">The log could not be read on: {asApiError(query.error).message}</Text> : null}
    </Flex>
  );
};
