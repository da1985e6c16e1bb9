import { describe, expect, it } from "vitest";

import type { Layout } from "./layout";
import { firstView } from "./viewport";

const pane = { height: 500, width: 1000 };
const box = (x: number, y: number, parent: string | null = null) => ({ height: 56, parent, width: 200, x, y });
const layout = (width: number, height: number, boxes: Layout["boxes"] = new Map()): Layout => ({ boxes, routes: new Map(), size: { height, width } });

describe("firstView", () => {
  it("shows all of a small graph in the middle, never larger than life", () => {
    expect(firstView(layout(400, 100), pane, null)).toEqual({ viewport: { x: 300, y: 200, zoom: 1 }, whole: true });
  });
  it("makes a graph smaller while it can be read", () => {
    expect(firstView(layout(1248, 100), pane, null).viewport.zoom).toBeCloseTo(0.75);
  });
  it("opens a graph that is too wide at its beginning", () => {
    expect(firstView(layout(5000, 200), pane, null)).toEqual({ viewport: { x: 32, y: 180, zoom: 0.7 }, whole: false });
  });
  it("opens it at the node that matters, inside its frame", () => {
    const boxes = new Map([["stage:s", box(2000, 20)], ["bad", box(100, 40, "stage:s")]]);
    expect(firstView(layout(5000, 200, boxes), pane, "bad").viewport.x).toBeCloseTo(500 - 2200 * 0.7);
  });
  it("does not leave an empty side behind the last node", () => {
    const boxes = new Map([["last", box(4800, 0)]]);
    expect(firstView(layout(5000, 200, boxes), pane, "last").viewport.x).toBeCloseTo(1000 - 5000 * 0.7 - 32);
  });
  it("opens at the beginning when the node is unknown", () => {
    expect(firstView(layout(5000, 200), pane, "ghost").viewport.x).toBe(32);
  });
});
