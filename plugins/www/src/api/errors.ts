/** What the server answered when it did not answer what was asked. */

export type ApiErrorFacts = {
  status: number;
  message: string;
  code?: string | undefined;
  hint?: string | undefined;
  requestId?: string | undefined;
};

/** Raised by every call of the client that does not end in 2xx; status 0 means that no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;

  constructor(facts: ApiErrorFacts) {
    super(facts.message);
    this.name = "ApiError";
    this.status = facts.status;
    this.code = facts.code;
    this.hint = facts.hint;
    this.requestId = facts.requestId;
  }
}

const STATUS_SENTENCES: Record<number, string> = {
  401: "You are signed out.",
  403: "Your role does not allow this.",
  404: "This does not exist, or you may not see it.",
  409: "This is no longer possible: the state has changed meanwhile.",
  502: "Airflow's API server cannot be reached.",
  503: "The server is not ready.",
  504: "The server took too long to answer.",
};

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** FastAPI's 422 lists where and why; the first entry is told. */
const firstValidationMessage = (detail: unknown): string | undefined => {
  const first: unknown = Array.isArray(detail) ? detail[0] : undefined;
  if (!isJson(first)) return undefined;
  const place = Array.isArray(first["loc"]) ? first["loc"].slice(1).join(".") : "";
  const message = text(first["msg"]) ?? "is not valid";
  return place ? `${place}: ${message}` : message;
};

/** Reads our problem shape, FastAPI's `detail` in its three forms, or nothing at all. */
export const parseProblem = (status: number, body: unknown, requestId?: string): ApiError => {
  const outer = isJson(body) ? body : {};
  const detail = outer["detail"];
  const facts = isJson(detail) ? detail : outer;
  const message = text(facts["message"]) ?? text(detail) ?? firstValidationMessage(detail);
  return new ApiError({
    code: text(facts["code"]),
    hint: text(facts["hint"]),
    message: message ?? STATUS_SENTENCES[status] ?? `The server answered with status ${status}.`,
    requestId: text(facts["request_id"]) ?? requestId,
    status,
  });
};

/** Any thrown value as an ApiError, so that screens know one kind. */
export const asApiError = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  if (error instanceof TypeError) return new ApiError({ hint: "Check your network, then retry.", message: "The server cannot be reached.", status: 0 });
  return new ApiError({ message: error instanceof Error ? error.message : String(error), status: 0 });
};
