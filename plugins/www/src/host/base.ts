/** Where this app, the API and Airflow lie, taken from the address the page was served from; nothing is configured. */

const APP_PATH = "/dataflow/app";

export type Base = {
  /** Prefix of Airflow's `api.base_url`, without a slash at the end; often empty. */
  prefix: string;
  /** The router's basename. */
  app: string;
  /** Root of the API, as openapi-fetch wants it. */
  api: string;
};

/** `/x/dataflow/app/pipelines` → prefix `/x`. A path outside the app counts as no prefix. */
export const deriveBase = (pathname: string): Base => {
  const match = /^(.*?)\/dataflow\/app(?:\/|$)/.exec(pathname);
  const prefix = match?.[1] ?? "";
  return { api: `${prefix}/dataflow/api/v1`, app: `${prefix}${APP_PATH}`, prefix };
};

export const base = deriveBase(window.location.pathname);

/** The address of a WebSocket of our API, on the page's own host. */
export const socketUrl = (path: string, location: Pick<Location, "host" | "protocol"> = window.location): string =>
  `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${base.api}${path}`;
