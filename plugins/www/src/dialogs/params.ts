/** A pipeline's parameters as a form: text in fields ⇄ typed values for the server. Pure. */
import type { Schemas } from "src/api/client";

export type Param = Schemas["ParamField"];
export type FieldValue = string | boolean;
export type FormValues = Record<string, FieldValue>;
type Scalar = string | number | boolean;

const toField = ({ default: value, type }: Param): FieldValue => {
  if (type === "boolean") return value === true;
  if (value === null) return "";
  if (type === "timestamp") return String(value).replace(" ", "T").replace(/(Z|[+-]00:00)$/, "").slice(0, 19);
  return String(value);
};

export const initialValues = (params: readonly Param[]): FormValues =>
  Object.fromEntries(params.map((param) => [param.name, toField(param)]));

export type Problems = Record<string, string>;

const problemOf = (param: Param, value: FieldValue): string | null => {
  if (typeof value === "boolean") return null;
  const text = value.trim();
  if (text === "") return param.required ? "A value is needed." : null;
  if (param.type === "integer" && !/^[+-]?\d+$/.test(text)) return `\`${text}\` is not a whole number.`;
  if (param.type === "number" && !Number.isFinite(Number(text))) return `\`${text}\` is not a number.`;
  return null;
};

/** Field name → what is wrong with it; empty when the form may be sent. */
export const validateParams = (params: readonly Param[], values: FormValues): Problems =>
  Object.fromEntries(
    params.flatMap((param) => {
      const problem = problemOf(param, values[param.name] ?? "");
      return problem ? [[param.name, problem] as const] : [];
    }),
  );

const toScalar = ({ type }: Param, value: FieldValue): Scalar => {
  if (typeof value === "boolean") return value;
  if (type === "integer" || type === "number") return Number(value.trim());
  return type === "string" ? value : value.trim();
};

/** What is sent: fields left as they were are left out, so that the pipeline's own defaults stay in charge. */
export const toParams = (params: readonly Param[], values: FormValues): Record<string, Scalar> => {
  const untouched = initialValues(params);
  return Object.fromEntries(
    params.flatMap((param) => {
      const value = values[param.name];
      if (value === undefined || value === untouched[param.name]) return [];
      if (value === "" && param.type !== "string") return [];
      return [[param.name, toScalar(param, value)] as const];
    }),
  );
};

export type Interval = { start: string; end: string };

/** Both ends or neither, in order; ends are `datetime-local` texts in UTC. */
export const intervalProblem = ({ end, start }: Interval): string | null => {
  if (!start && !end) return null;
  if (!start || !end) return "Give both ends, or neither.";
  return start < end ? null : "The end must lie after the start.";
};

export const toUtc = (local: string): string | null => (local === "" ? null : `${local.length === 16 ? `${local}:00` : local}Z`);
