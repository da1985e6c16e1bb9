/** The one door to the server: typed from our OpenAPI document, failing with ApiError alone. */
import { QueryClient } from "@tanstack/react-query";
import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryHooks from "openapi-react-query";

import { base } from "src/host/base";

import { ApiError, asApiError, parseProblem } from "./errors";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

const failWithProblem: Middleware = {
  onError: ({ error }) => asApiError(error),
  onResponse: async ({ response }) => {
    if (response.ok) return;
    const body: unknown = await response.clone().json().catch(() => null);
    throw parseProblem(response.status, body, response.headers.get("x-request-id") ?? undefined);
  },
};

const fetchClient = createFetchClient<paths>({ baseUrl: base.api, credentials: "same-origin" });
fetchClient.use(failWithProblem);

export const api = createQueryHooks(fetchClient);

/** Retrying cannot help against a refusal; it can against a server that is restarting. */
const shouldRetry = (failures: number, error: unknown): boolean =>
  failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502);

export const queryClient = new QueryClient({
  defaultOptions: {
    mutations: { retry: false },
    queries: { refetchOnWindowFocus: true, retry: shouldRetry, staleTime: 5_000 },
  },
});
