import { Button, Flex, Input, NativeSelect, Text } from "@chakra-ui/react";
import { useState } from "react";
import { LuThumbsDown, LuThumbsUp } from "react-icons/lu";

import { useGiveFeedback } from "src/api/actions";
import { api, type Schemas } from "src/api/client";
import { toastError, toastSuccess } from "src/feedback/toaster";
import type { RunRef } from "src/shell/routes";

type Said = Schemas["GiveFeedback"];
type Props = { found: Schemas["StageDiagnosis"]; run: RunRef; stageId: string; tryNumber: number };

const summed = ({ helpful, wrong }: Schemas["FeedbackSum"]): string => `${helpful} found it helpful, ${wrong} wrong`;

/** Whether the diagnosis was right, what it really was and what mended it: later failures are told. */
export const Feedback = ({ found, run: { pipelineId, runId }, stageId, tryNumber }: Props) => {
  const own = found.feedback?.own ?? null;
  const [verdict, setVerdict] = useState<Said["verdict"] | null>(own?.verdict ?? null);
  const [trueCause, setTrueCause] = useState(own?.true_cause ?? "");
  const [fixedBy, setFixedBy] = useState(own?.fixed_by ?? "");
  const causes = api.useQuery("get", "/diagnosis/causes", {}, { enabled: verdict === "wrong", staleTime: Infinity });
  const give = useGiveFeedback();
  const send = () => {
    if (!verdict) return;
    const cause = verdict === "wrong" && trueCause ? (trueCause as NonNullable<Said["true_cause"]>) : null;
    give.mutate(
      { body: { fixed_by: fixedBy.trim() || null, true_cause: cause, verdict }, params: { path: { pipeline_id: pipelineId, run_id: runId, stage_id: stageId }, query: { try_number: tryNumber } } },
      { onError: (error) => toastError("Your word was not kept", error), onSuccess: () => toastSuccess("Kept", "Later failures of this kind will be told.") },
    );
  };
  return (
    <Flex align="center" aria-label="Was this right?" borderTopWidth="1px" gap="2" paddingTop="2" role="group" wrap="wrap">
      <Text fontSize="13px">Was this right?</Text>
      <Button aria-pressed={verdict === "helpful"} onClick={() => setVerdict("helpful")} size="xs" variant={verdict === "helpful" ? "solid" : "outline"}><LuThumbsUp aria-hidden /> Helpful</Button>
      <Button aria-pressed={verdict === "wrong"} onClick={() => setVerdict("wrong")} size="xs" variant={verdict === "wrong" ? "solid" : "outline"}><LuThumbsDown aria-hidden /> Wrong</Button>
      {verdict === "wrong" ? (
        <NativeSelect.Root size="xs" width="260px">
          <NativeSelect.Field aria-label="True cause" onChange={(event) => setTrueCause(event.currentTarget.value)} value={trueCause}>
            <option value="">True cause not known</option>
            {(causes.data ?? []).filter(({ name }) => name !== found.root_cause).map(({ meaning, name }) => <option key={name} title={meaning} value={name}>{name}</option>)}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      ) : null}
      {verdict ? <Input aria-label="What mended it" maxLength={500} onChange={(event) => setFixedBy(event.currentTarget.value)} placeholder="What mended it (optional)" size="xs" value={fixedBy} width="260px" /> : null}
      {verdict ? <Button loading={give.isPending} onClick={send} size="xs">Keep this</Button> : null}
      {found.feedback ? <Text color="fg.muted" fontSize="12px" marginInlineStart="auto">{summed(found.feedback)}</Text> : null}
    </Flex>
  );
};
