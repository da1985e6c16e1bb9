import { chakra, Field, Input, Switch } from "@chakra-ui/react";

import type { FieldValue, Param } from "./params";

type Props = { param: Param; value: FieldValue; problem: string | undefined; onChange: (value: FieldValue) => void };

const INPUT_TYPES: Record<Param["type"], string> = {
  boolean: "checkbox", date: "date", integer: "text", number: "text", string: "text", timestamp: "datetime-local",
};

const numeric = (type: Param["type"]) => type === "integer" || type === "number";

/** One parameter: the control its type asks for, its help, its problem. */
export const ParamField = ({ onChange, param, problem, value }: Props) => {
  const { description, name, required, type } = param;
  if (typeof value === "boolean") {
    return (
      <Field.Root>
        <Switch.Root checked={value} onCheckedChange={({ checked }) => onChange(checked)} size="sm">
          <Switch.HiddenInput />
          <Switch.Control />
          <Switch.Label fontWeight="500">{name}</Switch.Label>
        </Switch.Root>
        {description ? <Field.HelperText>{description}</Field.HelperText> : null}
      </Field.Root>
    );
  }
  return (
    <Field.Root invalid={problem !== undefined} required={required}>
      <Field.Label>
        {name}
        <Field.RequiredIndicator fallback={<chakra.span color="fg.muted" fontSize="12px" fontWeight="400">{type === "timestamp" ? "timestamp, UTC" : type}</chakra.span>} />
      </Field.Label>
      <Input
        inputMode={numeric(type) ? "decimal" : undefined}
        onChange={(event) => onChange(event.currentTarget.value)}
        size="sm"
        step={type === "timestamp" ? 1 : undefined}
        type={INPUT_TYPES[type]}
        value={value}
      />
      {description ? <Field.HelperText>{description}</Field.HelperText> : null}
      <Field.ErrorText>{problem}</Field.ErrorText>
    </Field.Root>
  );
};
