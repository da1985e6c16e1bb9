/** CodeMirror in our tokens; one theme serves light and dark, since the tokens turn by themselves. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const color = (token: string) => `var(--chakra-colors-${token.replace(".", "-")})`;

const highlight = HighlightStyle.define([
  { color: color("blue.fg"), tag: [tags.propertyName, tags.definition(tags.propertyName)] },
  { color: color("green.fg"), tag: [tags.string, tags.special(tags.string)] },
  { color: color("purple.fg"), tag: [tags.number, tags.bool, tags.null, tags.keyword] },
  { color: color("fg.muted"), fontStyle: "italic", tag: tags.comment },
  { color: color("fg.muted"), tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace, tags.meta] },
]);

const surface = EditorView.theme({
  "&": { backgroundColor: color("bg"), color: color("fg"), fontSize: "13px", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: color("bg.muted") },
  ".cm-button": { backgroundColor: color("bg.muted"), backgroundImage: "none", border: `1px solid ${color("border")}`, borderRadius: "6px", color: color("fg") },
  ".cm-content": { caretColor: color("fg"), padding: "8px 0" },
  ".cm-diagnostic": { fontFamily: "var(--chakra-fonts-body)", fontSize: "13px", padding: "6px 10px" },
  ".cm-gutters": { backgroundColor: color("bg.subtle"), border: "none", borderRight: `1px solid ${color("border")}`, color: color("fg.muted") },
  ".cm-panels": { backgroundColor: color("bg.subtle"), borderColor: color("border"), color: color("fg") },
  ".cm-panels.cm-panels-top": { borderBottom: `1px solid ${color("border")}` },
  ".cm-scroller": { fontFamily: "var(--chakra-fonts-mono)", lineHeight: "20px" },
  ".cm-searchMatch": { backgroundColor: color("yellow.muted") },
  ".cm-searchMatch-selected": { backgroundColor: color("orange.emphasized") },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": { backgroundColor: `${color("brand.muted")} !important` },
  ".cm-textfield": { backgroundColor: color("bg"), border: `1px solid ${color("border")}`, borderRadius: "6px", color: color("fg") },
  ".cm-tooltip": { backgroundColor: color("bg.panel"), border: `1px solid ${color("border")}`, borderRadius: "8px", color: color("fg") },
});

export const codeTheme = [surface, syntaxHighlighting(highlight)];
