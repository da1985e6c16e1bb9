import { useMatches, type Params } from "react-router-dom";

export type Crumb = { label: string; to?: string };
export type CrumbHandle = { crumbs: (params: Params) => Crumb[] };

const isCrumbHandle = (handle: unknown): handle is CrumbHandle =>
  typeof handle === "object" && handle !== null && "crumbs" in handle && typeof handle.crumbs === "function";

/** Where the user is, from the matched routes' handles; the last crumb is the present screen. */
export const useCrumbs = (): Crumb[] =>
  useMatches().flatMap(({ handle, params }) => (isCrumbHandle(handle) ? handle.crumbs(params) : []));
