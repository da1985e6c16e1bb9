import { Alert, Button, Dialog, Field, Fieldset, HStack, Input, Stack, Text } from "@chakra-ui/react";
import { useState, type SyntheticEvent } from "react";
import { LuPlay } from "react-icons/lu";
import { useNavigate } from "react-router-dom";

import { useTriggerRun } from "src/api/actions";
import type { Schemas } from "src/api/client";
import { useRight } from "src/api/rights";
import { ErrorAlert } from "src/feedback/ErrorAlert";
import { runPath } from "src/shell/routes";

import { ParamField } from "./ParamField";
import { initialValues, intervalProblem, toParams, toUtc, validateParams, type Interval } from "./params";

type Props = { pipeline: Schemas["PipelineDetail"]; onClose: () => void };

const NO_INTERVAL: Interval = { end: "", start: "" };

export const RunForm = ({ onClose, pipeline }: Props) => {
  const [values, setValues] = useState(() => initialValues(pipeline.params));
  const [interval, setInterval] = useState(NO_INTERVAL);
  const [tried, setTried] = useState(false);
  const trigger = useTriggerRun();
  const navigate = useNavigate();
  const mayResume = useRight("edit");
  const { summary } = pipeline;
  const problems = tried ? validateParams(pipeline.params, values) : {};
  const intervalError = tried ? intervalProblem(interval) : null;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(validateParams(pipeline.params, values)).length > 0 || intervalProblem(interval)) return;
    trigger.mutate(
      {
        body: { interval_end: toUtc(interval.end), interval_start: toUtc(interval.start), params: toParams(pipeline.params, values), unpause: summary.is_paused && mayResume },
        params: { path: { pipeline_id: summary.id } },
      },
      {
        onSuccess: ({ run_id }) => {
          onClose();
          void navigate(runPath(summary.id, run_id));
        },
      },
    );
  };

  return (
    <form noValidate onSubmit={submit}>
      <Dialog.Body>
        <Stack gap="4">
          {summary.is_paused ? (
            <Alert.Root size="sm" status="warning">
              <Alert.Indicator />
              <Alert.Content>
                <Alert.Title>This pipeline is paused</Alert.Title>
                <Alert.Description>{mayResume ? "Running it resumes it too, its schedule included." : "Ask somebody who may edit it to resume it first."}</Alert.Description>
              </Alert.Content>
            </Alert.Root>
          ) : null}
          {pipeline.params.length === 0 ? <Text color="fg.muted">This pipeline has no parameters.</Text> : null}
          {pipeline.params.map((param) => (
            <ParamField
              key={param.name}
              onChange={(value) => setValues((before) => ({ ...before, [param.name]: value }))}
              param={param}
              problem={problems[param.name]}
              value={values[param.name] ?? ""}
            />
          ))}
          <Fieldset.Root invalid={intervalError !== null} size="sm">
            <Fieldset.Legend fontSize="14px">Data interval, UTC</Fieldset.Legend>
            <Fieldset.HelperText fontSize="12px">{summary.schedule ? "Empty: the schedule's last complete interval." : "Needed only when the pipeline reads by interval."}</Fieldset.HelperText>
            <HStack align="start" marginTop="1">
              {(["start", "end"] as const).map((which) => (
                <Field.Root key={which} minWidth="0">
                  <Field.Label fontSize="12px">{which === "start" ? "Start (inclusive)" : "End (exclusive)"}</Field.Label>
                  <Input onChange={(event) => { const text = event.currentTarget.value; setInterval((before) => ({ ...before, [which]: text })); }} size="xs" type="datetime-local" value={interval[which]} />
                </Field.Root>
              ))}
            </HStack>
            <Fieldset.ErrorText>{intervalError}</Fieldset.ErrorText>
          </Fieldset.Root>
          {trigger.isError ? (
            <ErrorAlert error={trigger.error} title="The run was not started" />
          ) : null}
        </Stack>
      </Dialog.Body>
      <Dialog.Footer>
        <Button onClick={onClose} size="sm" variant="outline">Close</Button>
        <Button disabled={summary.is_paused && !mayResume} loading={trigger.isPending} size="sm" type="submit"><LuPlay aria-hidden /> {summary.is_paused ? "Resume and run" : "Run"}</Button>
      </Dialog.Footer>
    </form>
  );
};
