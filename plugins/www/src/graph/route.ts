/** An edge's corners → an SVG path with rounded corners, and where its label stands. Pure. */
import type { Point } from "./layout";

const RADIUS = 8;

const distance = (a: Point, b: Point): number => Math.hypot(b.x - a.x, b.y - a.y);

/** The point `length` away from `from` on the way to `to`. */
const towards = (from: Point, to: Point, length: number): Point => {
  const whole = distance(from, to);
  return whole === 0 ? from : { x: from.x + ((to.x - from.x) * length) / whole, y: from.y + ((to.y - from.y) * length) / whole };
};

const text = ({ x, y }: Point): string => `${Math.round(x * 100) / 100},${Math.round(y * 100) / 100}`;

/** Straight lines joined by arcs no larger than half of the shorter neighbour; empty for fewer than two points. */
export const roundedPath = (points: readonly Point[]): string => {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (!first || !last) return "";
  const corners = rest.slice(0, -1).map((corner, index) => {
    const before = points[index] ?? corner;
    const after = points[index + 2] ?? corner;
    const radius = Math.min(RADIUS, distance(before, corner) / 2, distance(corner, after) / 2);
    return `L${text(towards(corner, before, radius))} Q${text(corner)} ${text(towards(corner, after, radius))}`;
  });
  return [`M${text(first)}`, ...corners, `L${text(last)}`].join(" ");
};

const LABEL_GAP = 8;

/** Where the label begins: beside the port, where edges of other ports cannot cover it. */
export const labelPoint = (points: readonly Point[]): Point => {
  const start = points[0] ?? { x: 0, y: 0 };
  return { x: start.x + LABEL_GAP, y: start.y };
};
