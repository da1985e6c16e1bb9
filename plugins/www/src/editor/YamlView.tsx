import { Box } from "@chakra-ui/react";
import { defaultKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { foldGutter } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Text } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";

import type { Schemas } from "src/api/client";

import { codeTheme } from "./theme";

export type YamlHandle = { search: () => void };
type Props = { text: string; findings: readonly Schemas["Finding"][]; line: number | null; label: string; ref?: Ref<YamlHandle> };

/** 1-based line and column → a range of at least one sign, inside the document whatever the finding says. */
export const toDiagnostic = (doc: Text, finding: Schemas["Finding"]): Diagnostic => {
  const line = doc.line(Math.min(Math.max(finding.line, 1), doc.lines));
  const from = Math.min(line.from + Math.max(finding.column - 1, 0), line.to);
  return {
    from,
    message: [finding.message, finding.hint].filter(Boolean).join(" "),
    severity: finding.severity,
    source: finding.code,
    to: Math.max(from, line.to),
  };
};

const extensions = (label: string) => [
  lineNumbers(),
  foldGutter(),
  lintGutter(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search({ top: true }),
  keymap.of([...searchKeymap, ...defaultKeymap]),
  yaml(),
  codeTheme,
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true", role: "textbox", "aria-multiline": "true", tabindex: "0" }),
];

/** A pipeline's text, read-only: search, folding, findings in the gutter. */
export const YamlView = ({ findings, label, line, ref, text }: Props) => {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  useImperativeHandle(ref, () => ({ search: () => { if (view.current) openSearchPanel(view.current); } }));

  // CodeMirror owns its part of the document: it is made with the text and taken down with it.
  useEffect(() => {
    if (!host.current) return;
    const created = new EditorView({ doc: text, extensions: extensions(label), parent: host.current });
    view.current = created;
    return () => {
      created.destroy();
      view.current = null;
    };
  }, [label, text]);

  // Findings change without the text when the validator does.
  useEffect(() => {
    const current = view.current;
    if (current) current.dispatch(setDiagnostics(current.state, findings.map((finding) => toDiagnostic(current.state.doc, finding))));
  }, [findings, label, text]);

  // The address names a line: it is brought into sight and selected.
  useEffect(() => {
    const current = view.current;
    if (!current || line === null) return;
    const { from } = current.state.doc.line(Math.min(Math.max(line, 1), current.state.doc.lines));
    current.dispatch({ effects: EditorView.scrollIntoView(from, { y: "center" }), selection: { anchor: from } });
  }, [label, line, text]);

  return <Box height="100%" minHeight="0" overflow="hidden" ref={host} />;
};
