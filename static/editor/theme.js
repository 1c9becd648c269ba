// How an editor looks. Colours are the page's custom properties, which reach into the shadow root and know both themes.
import { EditorView, HighlightStyle, syntaxHighlighting, tags } from "../vendor/codemirror.js";

const frame = EditorView.theme({
  "&": {
    minHeight: "var(--editor-least)", maxHeight: "var(--editor-most)", color: "var(--ink)", backgroundColor: "var(--surface)",
    border: "1px solid var(--strong-line)", borderRadius: "8px", fontSize: "0.9rem",
  },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto", borderRadius: "inherit", minHeight: "inherit" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.6rem 0", minWidth: "0" },
  ".cm-line": { padding: "0 0.75rem 0 0.4rem", overflowWrap: "anywhere" },
  "&.prose .cm-line": { unicodeBidi: "plaintext" },
  "&.markdown": { fontSize: "1rem" },
  "&.markdown .cm-scroller": { fontFamily: "inherit", lineHeight: "1.6" },
  ".cm-line::selection, .cm-line ::selection": { backgroundColor: "var(--accent-wash) !important" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--raised)" },
  ".cm-placeholder": { color: "var(--soft)" },
  ".cm-dropCursor": { borderLeft: "2px solid var(--accent)" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--soft)", border: "0", borderRight: "1px solid var(--line)" },
  "&.prose .cm-gutters": { backgroundColor: "transparent", borderRight: "0" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 0.5rem 0 0.6rem", minWidth: "2rem" },
});

const popups = EditorView.theme({
  ".cm-tooltip": {
    backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--strong-line)", borderRadius: "8px",
    boxShadow: "0 6px 24px rgb(0 0 0 / 18%)", zIndex: "20", overflow: "hidden", maxWidth: "min(32rem, 92vw)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "16rem", minWidth: "12rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
    padding: "0.3rem 0.65rem", display: "flex", gap: "1rem", justifyContent: "space-between", lineHeight: "1.4",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-ink)" },
  ".cm-completionLabel": { fontFamily: "var(--mono)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { fontStyle: "normal", marginLeft: "0", color: "var(--soft)", overflow: "hidden", textOverflow: "ellipsis" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-snippetField": { backgroundColor: "var(--accent-wash)" },
});

const problems = EditorView.theme({
  ".cm-lintRange": { backgroundImage: "none !important", paddingBottom: "0" },
  ".cm-lintRange-error": { textDecoration: "underline wavy var(--bad) 1.5px", textDecorationSkipInk: "none" },
  ".cm-lintRange-warning": { textDecoration: "underline wavy var(--warn) 1.5px", textDecorationSkipInk: "none" },
  ".cm-lintRange-hint": { textDecoration: "underline dotted var(--info) 2px", textDecorationSkipInk: "none" },
  ".cm-diagnostic": { padding: "0.4rem 0.75rem", borderLeft: "5px solid var(--info)", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-lint-marker": { content: "normal !important", width: "1em", height: "auto", lineHeight: "inherit", textAlign: "center", cursor: "help" },
  ".cm-lint-marker-error::before": { content: '"●"', color: "var(--bad)" },
  ".cm-lint-marker-warning::before": { content: '"▲"', color: "var(--warn)" },
  ".cm-lint-marker-hint::before": { content: '"◆"', color: "var(--info)" },
  ".cm-gutter-lint": { width: "1.1rem" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0 0.1rem" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panel.cm-search": { padding: "0.5rem 2rem 0.5rem 0.6rem", fontSize: "0.9rem" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--accent-wash)" },
  ".cm-textfield": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--strong-line)", borderRadius: "6px", padding: "0.3rem", fontSize: "0.9rem" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--surface)", color: "var(--accent)", border: "1px solid var(--strong-line)", borderRadius: "6px", fontSize: "0.88rem", padding: "0.3em 0.7em" },
  ".cm-panel.cm-search label": { fontSize: "0.88rem" },
  ".cm-panel.cm-search [name=close]": { color: "var(--ink)", fontSize: "1.2rem", minWidth: "1.5rem", minHeight: "1.5rem" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-wash)" },
  ".cm-searchMatch-selected": { outline: "2px solid var(--accent)" },
});

const words = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "var(--code-tag)" },
  { tag: [tags.attributeName, tags.propertyName], color: "var(--code-attribute)" },
  { tag: [tags.string, tags.attributeValue, tags.character, tags.color, tags.number, tags.bool], color: "var(--code-value)" },
  { tag: [tags.variableName, tags.special(tags.variableName)], color: "var(--code-variable)" },
  { tag: tags.standard(tags.variableName), color: "var(--code-variable)" },
  { tag: tags.brace, color: "var(--code-brace)" },
  { tag: [tags.keyword, tags.controlKeyword, tags.definitionKeyword, tags.operatorKeyword, tags.logicOperator], color: "var(--code-keyword)" },
  { tag: [tags.comment, tags.blockComment, tags.meta, tags.processingInstruction], color: "var(--soft)" },
  { tag: tags.heading1, color: "var(--ink)", fontWeight: "700", fontSize: "1.35em" },
  { tag: tags.heading2, color: "var(--ink)", fontWeight: "700", fontSize: "1.15em" },
  { tag: tags.heading, color: "var(--ink)", fontWeight: "700" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: "var(--code-tag)" },
  { tag: tags.monospace, color: "var(--code-value)" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

export const theme = [frame, popups, problems, syntaxHighlighting(words)];
