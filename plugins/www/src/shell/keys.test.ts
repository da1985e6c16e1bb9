import { describe, expect, it } from "vitest";

import { keyName } from "./keys";

const press = (key: string, modifiers: Partial<Record<"altKey" | "ctrlKey" | "metaKey" | "shiftKey", boolean>> = {}) =>
  keyName({ altKey: false, ctrlKey: false, key, metaKey: false, shiftKey: false, ...modifiers });

describe("keyName", () => {
  it("names modifiers once and in order", () => {
    expect(press("L", { shiftKey: true })).toBe("shift+l");
    expect(press("k", { metaKey: true })).toBe("ctrl+k");
    expect(press("?", { shiftKey: true })).toBe("?");
    expect(press("Enter", { shiftKey: true })).toBe("shift+enter");
  });
});
