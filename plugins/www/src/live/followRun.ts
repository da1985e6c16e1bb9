/** A run's socket: documents as they change, reconnecting with growing pauses until the run is over. Free of React. */
import type { Schemas } from "src/api/client";

export type LinkStatus =
  /** The first connection is being made. */
  | "connecting"
  /** Changes arrive by themselves. */
  | "live"
  /** The connection is lost or refused; the caller should read the run now and then. */
  | "lost"
  /** The run is over; nothing more will come. */
  | "over";

export type FollowOptions = {
  url: string;
  onDocument: (document: Schemas["RunDocument"]) => void;
  onStatus: (status: LinkStatus) => void;
  /** For tests. */
  connect?: (url: string) => WebSocket;
  random?: () => number;
};

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** 0.5 s, 1 s, 2 s … 15 s, each shortened by up to a fifth so that many pages do not knock at once. */
export const pauseBefore = (attempt: number, random: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt) * (1 - random / 5);

/** The server's words for "not signed in" and "not allowed": asking again cannot help. */
const REFUSALS = new Set([4401, 4403, 4404]);

const isRunEvent = (value: unknown): value is Schemas["RunEvent"] =>
  typeof value === "object" && value !== null && "document" in value && "final" in value;

const parseEvent = (data: unknown): Schemas["RunEvent"] | null => {
  try {
    const value: unknown = JSON.parse(String(data));
    return isRunEvent(value) ? value : null;
  } catch {
    return null;
  }
};

/** Follows until the run is over or the returned function is called. */
export const followRun = ({ connect = (url) => new WebSocket(url), onDocument, onStatus, random = Math.random, url }: FollowOptions): (() => void) => {
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let stopped = false;
  let over = false;

  const open = () => {
    const current = connect(url);
    socket = current;
    current.onmessage = ({ data }: MessageEvent) => {
      const event = parseEvent(data);
      if (stopped || !event) return;
      attempt = 0;
      over = event.final;
      onDocument(event.document);
      onStatus(over ? "over" : "live");
    };
    current.onclose = ({ code }: CloseEvent) => {
      if (stopped || over) return;
      onStatus("lost");
      if (REFUSALS.has(code)) return;
      timer = setTimeout(open, pauseBefore(attempt, random()));
      attempt += 1;
    };
  };

  onStatus("connecting");
  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    socket?.close();
  };
};
