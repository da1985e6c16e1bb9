/** Light or dark: Airflow's own choice while framed by it, else the one kept under the key Airflow keeps its own. */
import { create } from "zustand";

import { airflowWindow } from "src/host/airflow";

export type Mode = "light" | "dark";
export type Preference = Mode | "system";

const STORAGE_KEY = "theme";
const darkQuery = () => window.matchMedia("(prefers-color-scheme: dark)");

const storedPreference = (): Preference => {
  const stored = window.localStorage.getItem(STORAGE_KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
};

const hostMode = (root: Element): Mode | null =>
  root.classList.contains("dark") ? "dark" : root.classList.contains("light") ? "light" : null;

const resolveMode = (preference: Preference): Mode => {
  const host = airflowWindow();
  const framed = host ? hostMode(host.document.documentElement) : null;
  return framed ?? (preference === "system" ? (darkQuery().matches ? "dark" : "light") : preference);
};

const paint = (mode: Mode) => {
  const root = document.documentElement;
  root.classList.remove("light", "dark");
  root.classList.add(mode);
  root.style.colorScheme = mode;
};

type ColorModeState = {
  mode: Mode;
  preference: Preference;
  /** False while Airflow decides. */
  ours: boolean;
  choose: (preference: Preference) => void;
  refresh: () => void;
};

export const useColorMode = create<ColorModeState>((set, get) => ({
  choose: (preference) => {
    if (preference === "system") window.localStorage.removeItem(STORAGE_KEY);
    else window.localStorage.setItem(STORAGE_KEY, preference);
    set({ preference });
    get().refresh();
  },
  mode: resolveMode(storedPreference()),
  ours: airflowWindow() === null,
  preference: storedPreference(),
  refresh: () => {
    const mode = resolveMode(get().preference);
    paint(mode);
    set({ mode });
  },
}));

/** The theme follows Airflow's page and the system from now on. Called once at start. */
export const followColorMode = (): void => {
  const { refresh } = useColorMode.getState();
  const host = airflowWindow();
  if (host) {
    new MutationObserver(refresh).observe(host.document.documentElement, { attributeFilter: ["class"], attributes: true });
  }
  darkQuery().addEventListener("change", refresh);
  refresh();
};
