// What static/editor.js and its modules take from CodeMirror, and nothing more.
export { EditorState, EditorSelection, StateEffect, StateField, Prec, Annotation } from "@codemirror/state";
export { EditorView, keymap, lineNumbers, highlightActiveLine, dropCursor, highlightSpecialChars, placeholder } from "@codemirror/view";
export { defaultKeymap, history, historyKeymap, undo, redo } from "@codemirror/commands";
export {
  autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, snippet, startCompletion,
} from "@codemirror/autocomplete";
export { HighlightStyle, StreamLanguage, LanguageSupport, syntaxHighlighting } from "@codemirror/language";
export { lintGutter, lintKeymap, nextDiagnostic, setDiagnostics, forEachDiagnostic } from "@codemirror/lint";
export { searchKeymap } from "@codemirror/search";
export { html, htmlCompletionSource, htmlCompletionSourceWith } from "@codemirror/lang-html";
export { jinja } from "@codemirror/lang-jinja";
export { markdown, markdownLanguage, markdownKeymap } from "@codemirror/lang-markdown";
export { tags } from "@lezer/highlight";
