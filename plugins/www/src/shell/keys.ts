/** Keys: what they are called on the help sheet, and a hook that listens without disturbing typing. */
import { useEffect, useRef } from "react";

export type KeyHelp = { keys: readonly string[]; does: string };

export const KEY_HELP: readonly { title: string; rows: readonly KeyHelp[] }[] = [
  {
    rows: [
      { does: "Search pipelines and commands", keys: ["/"] },
      { does: "Search pipelines and commands, also while typing", keys: ["Ctrl", "K"] },
      { does: "This sheet", keys: ["?"] },
      { does: "Close a dialog, clear a selection", keys: ["Esc"] },
    ],
    title: "Everywhere",
  },
  {
    rows: [
      { does: "Fit the graph into view", keys: ["F"] },
      { does: "Open a node", keys: ["Enter"] },
    ],
    title: "Graph",
  },
  {
    rows: [
      { does: "Next error", keys: ["E"] },
      { does: "Next match", keys: ["Enter"] },
      { does: "Previous match", keys: ["Shift", "Enter"] },
    ],
    title: "Log",
  },
];

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** `shift+l`, `ctrl+k`, `?`: modifiers in this order, then the key in lower case. Shift is not named for signs that need it. */
export const keyName = (event: Pick<KeyboardEvent, "altKey" | "ctrlKey" | "key" | "metaKey" | "shiftKey">): string => {
  const key = event.key.toLowerCase();
  const letter = /^[a-z]$/.test(key);
  return [event.ctrlKey || event.metaKey ? "ctrl+" : "", event.altKey ? "alt+" : "", event.shiftKey && (letter || key.length > 1) ? "shift+" : "", key].join("");
};

/** Runs the handler of a key; plain keys are left alone while the user types in a field. */
export const useKeys = (handlers: Record<string, () => void>): void => {
  const latest = useRef(handlers);
  // The listener below lives as long as the component; it must see the newest handlers.
  useEffect(() => {
    latest.current = handlers;
  });
  // The window is outside React: one listener per component that has keys.
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const name = keyName(event);
      const handler = latest.current[name];
      if (!handler || event.defaultPrevented || (isTyping(event.target) && !name.startsWith("ctrl+"))) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
};
