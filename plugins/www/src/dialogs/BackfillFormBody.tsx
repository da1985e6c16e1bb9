import { Button, Checkbox, Dialog, Stack } from "@chakra-ui/react";
import { useState, type SyntheticEvent } from "react";
import { LuHistory } from "react-icons/lu";

import { usePlanBackfill, useStartBackfill } from "src/api/actions";
import { ErrorAlert } from "src/feedback/ErrorAlert";
import { formatCounted } from "src/format/number";

import { countOf, EMPTY_FORM, formProblems, toBody, toConfirm, type BackfillForm } from "./backfill";
import { BackfillFields } from "./BackfillFields";
import { BackfillPlan } from "./BackfillPlan";

type Props = { pipelineId: string; scheduled: boolean; onClose: () => void };

/** First the runs are shown, then they may be begun; a change of the form asks for them again. */
export const BackfillFormBody = ({ onClose, pipelineId, scheduled }: Props) => {
  const [form, setForm] = useState(EMPTY_FORM);
  const [tried, setTried] = useState(false);
  const [confirmed, setConfirmed] = useState(false);
  const plan = usePlanBackfill();
  const start = useStartBackfill();
  const params = { path: { pipeline_id: pipelineId } };
  const outcome = plan.data;
  const wanted = outcome ? countOf(outcome, "run", "rerun", "rerun_failed_tasks") : 0;
  const question = outcome ? toConfirm(outcome) : null;
  const failure = start.error ?? plan.error;

  const change = (changed: Partial<BackfillForm>) => {
    setForm((before) => ({ ...before, ...changed }));
    setConfirmed(false);
    plan.reset();
    start.reset();
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(formProblems(form, scheduled)).length > 0) return;
    if (outcome) start.mutate({ body: toBody(form, false), params }, { onSuccess: onClose });
    else plan.mutate({ body: toBody(form, true), params });
  };

  return (
    <form noValidate onSubmit={submit}>
      <Dialog.Body>
        <Stack gap="4">
          <BackfillFields form={form} onChange={change} problems={tried ? formProblems(form, scheduled) : {}} scheduled={scheduled} />
          {outcome ? <BackfillPlan outcome={outcome} /> : null}
          {question ? (
            <Checkbox.Root checked={confirmed} onCheckedChange={({ checked }) => setConfirmed(checked === true)} size="sm">
              <Checkbox.HiddenInput />
              <Checkbox.Control />
              <Checkbox.Label fontSize="13px" fontWeight="400">{question}</Checkbox.Label>
            </Checkbox.Root>
          ) : null}
          {failure ? (
            <ErrorAlert error={failure} title={start.isError ? "The backfill was not started" : "The runs cannot be told"} />
          ) : null}
        </Stack>
      </Dialog.Body>
      <Dialog.Footer>
        <Button onClick={onClose} size="sm" variant="outline">Close</Button>
        {outcome ? (
          <Button disabled={wanted === 0 || outcome.is_paused || (question !== null && !confirmed)} loading={start.isPending} size="sm" type="submit"><LuHistory aria-hidden /> Start {formatCounted(wanted, "run")}</Button>
        ) : <Button loading={plan.isPending} size="sm" type="submit">Show the runs</Button>}
      </Dialog.Footer>
    </form>
  );
};
