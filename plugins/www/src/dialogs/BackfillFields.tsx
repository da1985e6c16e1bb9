import { Field, HStack, Input, NativeSelect, Stack } from "@chakra-ui/react";
import type { ReactNode } from "react";

import { GRANULARITIES, type BackfillForm, type Field as FieldName } from "./backfill";

type Props = { form: BackfillForm; problems: Partial<Record<FieldName, string>>; scheduled: boolean; onChange: (change: Partial<BackfillForm>) => void };

const Labelled = ({ children, help, label, problem }: { children: ReactNode; help?: string; label: string; problem?: string }) => (
  <Field.Root invalid={problem !== undefined} minWidth="0">
    <Field.Label fontSize="12px">{label}</Field.Label>
    {children}
    {help ? <Field.HelperText fontSize="12px">{help}</Field.HelperText> : null}
    <Field.ErrorText fontSize="12px">{problem}</Field.ErrorText>
  </Field.Root>
);

const Select = ({ children, onChange, value }: { children: ReactNode; onChange: (value: string) => void; value: string }) => (
  <NativeSelect.Root size="sm">
    <NativeSelect.Field onChange={(event) => onChange(event.currentTarget.value)} value={value}>{children}</NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);

/** Range, length of an interval, runs at once, direction, and what becomes of runs that exist. */
export const BackfillFields = ({ form, onChange, problems, scheduled }: Props) => (
  <Stack gap="3">
    <HStack align="start">
      <Labelled label="First day" problem={problems.start}><Input onChange={(event) => onChange({ start: event.currentTarget.value })} size="sm" type="date" value={form.start} /></Labelled>
      <Labelled label="Last day (inclusive)" problem={problems.end}><Input onChange={(event) => onChange({ end: event.currentTarget.value })} size="sm" type="date" value={form.end} /></Labelled>
    </HStack>
    <HStack align="start">
      <Labelled label="Each run covers" problem={problems.granularity}>
        <Select onChange={(granularity) => onChange({ granularity })} value={form.granularity}>
          <option value="">{scheduled ? "the schedule's interval" : "choose…"}</option>
          {GRANULARITIES.map((each) => <option key={each} value={each}>one {each}</option>)}
        </Select>
      </Labelled>
      <Labelled help="Empty: what the pipeline allows." label="Runs at once" problem={problems.concurrency}>
        <Input inputMode="numeric" onChange={(event) => onChange({ concurrency: event.currentTarget.value.trim() })} size="sm" value={form.concurrency} />
      </Labelled>
    </HStack>
    <HStack align="start">
      <Labelled label="Direction">
        <Select onChange={(direction) => onChange({ reverse: direction === "newest" })} value={form.reverse ? "newest" : "oldest"}>
          <option value="oldest">oldest first</option>
          <option value="newest">newest first</option>
        </Select>
      </Labelled>
      <Labelled label="Runs that exist">
        <Select onChange={(reprocess) => onChange({ reprocess: reprocess === "failed" || reprocess === "completed" ? reprocess : "none" })} value={form.reprocess}>
          <option value="none">leave as they are</option>
          <option value="failed">run failed tasks again</option>
          <option value="completed">run all again</option>
        </Select>
      </Labelled>
    </HStack>
  </Stack>
);
