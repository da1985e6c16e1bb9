/** What of a graph is seen first: all of it while that can be read, else its beginning or what matters. Pure. */
import type { Box, Layout } from "./layout";

export type Size = { width: number; height: number };
export type FirstView = { viewport: { x: number; y: number; zoom: number }; /** Everything is in sight. */ whole: boolean };

/** Below this zoom names are too small to be read at once. */
const READABLE = 0.55;
/** The zoom at which a graph is opened that does not fit readably. */
const READING = 0.7;
const MARGIN = 32;

const centred = (pane: number, length: number): number => (pane - length) / 2;

/** Keeps the drawing in the pane: no empty side while there is more to see on the other. */
const kept = (offset: number, pane: number, length: number): number =>
  length + 2 * MARGIN <= pane ? centred(pane, length) : Math.min(MARGIN, Math.max(pane - length - MARGIN, offset));

const absolute = (box: Box, { boxes }: Layout): { x: number; y: number } => {
  const parent = box.parent === null ? undefined : boxes.get(box.parent);
  return { x: box.x + (parent?.x ?? 0) + box.width / 2, y: box.y + (parent?.y ?? 0) + box.height / 2 };
};

/** The first view; `focus` is the node that matters, such as one that failed, and is brought to the middle if not all fits. */
export const firstView = (layout: Layout, pane: Size, focus: string | null): FirstView => {
  const { height, width } = layout.size;
  const fitting = Math.min(1, (pane.width - 2 * MARGIN) / width, (pane.height - 2 * MARGIN) / height);
  if (fitting >= READABLE) {
    return { viewport: { x: centred(pane.width, width * fitting), y: centred(pane.height, height * fitting), zoom: fitting }, whole: true };
  }
  const box = focus === null ? undefined : layout.boxes.get(focus);
  const centre = box ? absolute(box, layout) : { x: 0, y: 0 };
  return {
    viewport: {
      x: kept(pane.width / 2 - centre.x * READING, pane.width, width * READING),
      y: kept(pane.height / 2 - centre.y * READING, pane.height, height * READING),
      zoom: READING,
    },
    whole: false,
  };
};
