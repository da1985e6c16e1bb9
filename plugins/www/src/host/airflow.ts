/** The Airflow page that frames us, if any: its address bar, its theme, its router. */
import { base } from "./base";

const PLUGIN_PATH = `${base.prefix}/plugin/dataflow`;

/** Airflow's window when we are framed by it on the same origin, else null. */
export const airflowWindow = (): Window | null => {
  try {
    if (window.parent === window) return null;
    // Reading the document of a foreign origin throws: then it is not our Airflow.
    window.parent.document.documentElement.getAttribute("class");
    return window.parent;
  } catch {
    return null;
  }
};

/** Strips the plugin's path: `/plugin/dataflow/pipelines/a` → `/pipelines/a`; null when Airflow shows another page. */
export const pathInPlugin = (pathname: string, pluginPath: string = PLUGIN_PATH): string | null => {
  if (pathname !== pluginPath && !pathname.startsWith(`${pluginPath}/`)) return null;
  return pathname.slice(pluginPath.length) || "/";
};

/** The screen named by Airflow's address bar, for a reload or a shared link; null when there is none. */
export const pathFromAirflow = (): string | null => {
  const host = airflowWindow();
  if (!host) return null;
  const path = pathInPlugin(host.location.pathname);
  return path === null || path === "/" ? null : path + host.location.search + host.location.hash;
};

/** Airflow's address bar names our screen, so that a reload and a shared link come back to it. */
export const mirrorPath = (path: string): void => {
  const host = airflowWindow();
  if (host && pathInPlugin(host.location.pathname) !== null) {
    host.history.replaceState(host.history.state, "", PLUGIN_PATH + path);
  }
};

/** Airflow shows `path` in the same tab: by its own router when framed, else by an ordinary navigation. */
export const goToAirflow = (path: string): void => {
  const host = airflowWindow();
  if (!host) {
    window.location.assign(base.prefix + path);
    return;
  }
  // The sandbox forbids a frame to navigate its parent; the parent's router follows its own history.
  host.history.pushState({}, "", base.prefix + path);
  host.dispatchEvent(new PopStateEvent("popstate", { state: host.history.state as unknown }));
};
