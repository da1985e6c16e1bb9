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

/** True where Airflow shows us as a page of its own, not as a tab of a Dag: only then its address names our screen. */
export const isPluginPage = (pathname: string, pluginPath: string = PLUGIN_PATH): boolean =>
  pathname === pluginPath || pathname.startsWith(`${pluginPath}/`);

/** True in a tab of a Dag or a run: the page around us already says where we are and who is signed in. */
export const isTab = (): boolean => {
  const host = airflowWindow();
  return host !== null && !isPluginPage(host.location.pathname);
};

/** Airflow's address bar names our screen; Airflow loads the frame with what follows its own path, on reload or from a link. */
export const mirrorPath = (path: string): void => {
  const host = airflowWindow();
  if (host && isPluginPage(host.location.pathname)) {
    host.history.replaceState(host.history.state, "", PLUGIN_PATH + base.app + path);
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
