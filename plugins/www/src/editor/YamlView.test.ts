import { Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";

import { toDiagnostic } from "./YamlView";

const doc = Text.of(["id: a", "nodes:", "  x: {}"]);
const finding = (line: number, column: number) => ({ code: "DF-SPEC-001", column, file: "a.yaml", hint: "Do this.", line, message: "Wrong.", node: null, severity: "error" as const });

describe("toDiagnostic", () => {
  it("marks from the column to the line's end", () => {
    expect(toDiagnostic(doc, finding(3, 3))).toMatchObject({ from: 15, message: "Wrong. Do this.", severity: "error", source: "DF-SPEC-001", to: 20 });
  });
  it.each([[0, 0], [99, 99], [2, 400]])("stays inside the document for line %s, column %s", (line, column) => {
    const { from, to } = toDiagnostic(doc, finding(line, column));
    expect(from).toBeGreaterThanOrEqual(0);
    expect(to).toBeLessThanOrEqual(doc.length);
    expect(to).toBeGreaterThanOrEqual(from);
  });
});
