import { describe, expect, it } from "vitest";

import { forEachPipeline } from "./bulk";

describe("forEachPipeline", () => {
  it("tries every one, few at a time, and tells what failed", async () => {
    let running = 0;
    let most = 0;
    const outcome = await forEachPipeline(["a", "b", "c", "d", "e", "f"], async (id) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
      if (id === "c") throw new Error("refused");
    });
    expect(outcome.done.sort()).toEqual(["a", "b", "d", "e", "f"]);
    expect(outcome.failed.map(({ id }) => id)).toEqual(["c"]);
    expect(most).toBe(4);
  });
});
