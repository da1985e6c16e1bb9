/** The list's view, as the address holds it. Pure; defaults are left out of the address. */
import type { Schemas } from "src/api/client";

export const PAGE_SIZES = [50, 100, 250, 500] as const;
const DEFAULT_SORT = "name";

const SORT_KEYS = ["name", "state", "last_run", "next_run", "owner", "workspace"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

const STATES = ["running", "queued", "success", "warning", "failed", "cancelled", "skipped", "never_run", "invalid"] as const satisfies readonly Schemas["PipelineState"][];
type State = (typeof STATES)[number];

export type PipelinesView = {
  search: string;
  workspace: string | null;
  states: State[];
  tags: string[];
  owners: string[];
  sort: { key: SortKey; descending: boolean };
  /** 1-based. */
  page: number;
  pageSize: number;
};

const parseSort = (text: string): PipelinesView["sort"] => {
  const key = SORT_KEYS.find((each) => each === text.replace(/^-/, ""));
  return key ? { descending: text.startsWith("-"), key } : { descending: false, key: DEFAULT_SORT };
};

const positive = (text: string | null): number => {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : 1;
};

export const toStates = (texts: readonly string[]): State[] => STATES.filter((state) => texts.includes(state));

/** Anything unknown in an address counts as the default, so that old links keep working. */
export const parseView = (params: URLSearchParams): PipelinesView => {
  const size = Number(params.get("size"));
  return {
    owners: params.getAll("owner"),
    page: positive(params.get("page")),
    pageSize: PAGE_SIZES.find((each) => each === size) ?? PAGE_SIZES[0],
    search: params.get("search") ?? "",
    sort: parseSort(params.get("sort") ?? DEFAULT_SORT),
    states: toStates(params.getAll("state")),
    tags: params.getAll("tag"),
    workspace: params.get("workspace"),
  };
};

export const sortText = ({ descending, key }: PipelinesView["sort"]): SortKey | `-${SortKey}` => (descending ? `-${key}` : key);

export const writeView = (view: PipelinesView): URLSearchParams => {
  const params = new URLSearchParams();
  if (view.workspace) params.set("workspace", view.workspace);
  if (view.search) params.set("search", view.search);
  view.states.forEach((state) => params.append("state", state));
  view.tags.forEach((tag) => params.append("tag", tag));
  view.owners.forEach((owner) => params.append("owner", owner));
  if (sortText(view.sort) !== DEFAULT_SORT) params.set("sort", sortText(view.sort));
  if (view.page > 1) params.set("page", String(view.page));
  if (view.pageSize !== PAGE_SIZES[0]) params.set("size", String(view.pageSize));
  return params;
};

/** What the server is asked. */
export const toQuery = (view: PipelinesView) => ({
  limit: view.pageSize,
  offset: (view.page - 1) * view.pageSize,
  sort: sortText(view.sort),
  ...(view.search ? { search: view.search } : {}),
  ...(view.workspace ? { workspace: [view.workspace] } : {}),
  ...(view.states.length > 0 ? { state: view.states } : {}),
  ...(view.tags.length > 0 ? { tag: view.tags } : {}),
  ...(view.owners.length > 0 ? { owner: view.owners } : {}),
});

/** Filters beyond the workspace, which is chosen in the bar. */
export const isFiltered = (view: PipelinesView): boolean =>
  view.search !== "" || view.states.length + view.tags.length + view.owners.length > 0;
