import { api, type Schemas } from "./client";

export type Right = Schemas["Right"];

export const useMe = () => api.useQuery("get", "/me", {}, { staleTime: 300_000 });

/** True when the server granted the right; the server decides again on every call. */
export const useRight = (right: Right): boolean => useMe().data?.rights.includes(right) ?? false;
