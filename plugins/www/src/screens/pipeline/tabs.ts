export const TABS = [
  { label: "Graph", value: "graph" },
  { label: "YAML", value: "yaml" },
  { label: "Runs", value: "runs" },
  { label: "Schedule", value: "schedule" },
  { label: "Backfills", value: "backfills" },
  { label: "History", value: "history" },
] as const;

export type Tab = (typeof TABS)[number]["value"];

/** The tab an address names; none or an unknown one is the graph. */
export const parseTab = (text: string | undefined): Tab => TABS.find(({ value }) => value === text)?.value ?? "graph";
