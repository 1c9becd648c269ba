// One textarea turned into an editor. The textarea stays the truth: what is typed is written back into it at once, and an
// `input` event on it tells the page. The editor stands in a shadow root, because its styles are then adopted sheets, which
// the page's policy allows, and not <style> elements, which it does not.
import {
  Annotation, EditorState, EditorView, Prec, autocompletion, closeBrackets, closeBracketsKeymap,
  completionKeymap, defaultKeymap, dropCursor, highlightActiveLine, highlightSpecialChars, history, historyKeymap, keymap,
  lintGutter, lintKeymap, placeholder, searchKeymap,
} from "../vendor/codemirror.js";
import { shortcutsOf } from "./commands.js";
import { stepOverClosing } from "./completion.js";
import { bracePairs, completionsOf, isProse, languageOf } from "./languages.js";
import { nextProblem } from "./problems.js";
import { theme } from "./theme.js";
import { imageUploads } from "./uploads.js";
import { words } from "./words.js";

// Our words for those of CodeMirror, by its own; it fills in what stands as $ in them.
const PHRASES = {
  next: words.next, previous: words.previous, all: words.all, replace: words.replaceThis, "replace all": words.replaceAll,
  "match case": words.sameCapitals, regexp: words.pattern, "by word": words.wholeWords, Find: words.find,
  Replace: words.replace, close: words.close, "current match": words.currentMatch, "on line": words.onLine,
  "replaced $ matches": words.replacedMany, "replaced match on line $": words.replacedOne, "Go to line": words.goToLine,
  go: words.go, "Selection deleted": words.selectionDeleted, Completions: words.completions, Diagnostics: words.problems,
  "No diagnostics": words.noProblems, "Control character": words.controlCharacter,
};

const fromPage = Annotation.define();
const surfaces = new Map(); // textarea → surface

export function surfaceOf(textarea) {
  return surfaces.get(textarea);
}

export function surfaceNamed(form, name) {
  return surfaces.get(form.querySelector(`textarea[name="${CSS.escape(name)}"]`));
}

export function allSurfaces() {
  return [...surfaces.values()];
}

function writeBack(textarea) {
  return EditorView.updateListener.of(function (update) {
    if (update.docChanged && !update.transactions.some((one) => one.annotation(fromPage))) {
      textarea.value = update.state.doc.toString();
      textarea.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}

// The describing words stand in the shadow root: a reference by id does not leave its tree.
function describe(textarea, root) {
  const about = document.createElement("p");
  about.id = "about";
  about.hidden = true;
  const ids = (textarea.getAttribute("aria-describedby") || "").split(/\s+/).filter(Boolean);
  const own = ids.map((id) => document.getElementById(id)?.textContent.trim()).filter(Boolean);
  about.textContent = [...own, words.help].join(" ");
  root.append(about);
}

function attributesOf(textarea, kind) {
  const attributes = {
    "aria-label": [...textarea.labels].map((one) => one.textContent.trim()).join(" ") || textarea.name,
    "aria-describedby": "about",
    tabindex: "0",
    spellcheck: String(isProse(kind)),
    autocapitalize: isProse(kind) ? "sentences" : "off",
  };
  for (const name of ["aria-invalid", "lang", "dir"]) {
    if (textarea.hasAttribute(name)) {
      attributes[name] = textarea.getAttribute(name);
    }
  }
  if (textarea.required) {
    attributes["aria-required"] = "true";
  }
  return attributes;
}

function extensionsOf(textarea, kind) {
  return [
    Prec.high(keymap.of([{ key: "F8", run: nextProblem }, ...shortcutsOf(kind)])),
    history(),
    languageOf(kind),
    bracePairs,
    stepOverClosing,
    closeBrackets(),
    autocompletion({ override: completionsOf(kind, textarea), icons: false, maxRenderedOptions: 60 }),
    lintGutter(),
    highlightActiveLine(),
    highlightSpecialChars(),
    dropCursor(),
    imageUploads(textarea, kind),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.lineWrapping,
    EditorView.perLineTextDirection.of(isProse(kind)),
    EditorView.contentAttributes.of(attributesOf(textarea, kind)),
    EditorView.editorAttributes.of({ class: `${kind} ${isProse(kind) ? "prose" : "code"}` }),
    EditorState.phrases.of(PHRASES),
    EditorState.readOnly.of(textarea.readOnly || textarea.disabled),
    textarea.placeholder ? placeholder(textarea.placeholder) : [],
    theme,
    writeBack(textarea),
  ];
}

function takeOverLabels(textarea, view) {
  for (const label of [...textarea.labels]) {
    label.removeAttribute("for");
    label.addEventListener("click", () => view.focus());
  }
}

export function openSurface(textarea) {
  const kind = textarea.dataset.editor;
  const host = document.createElement("div");
  host.className = `editor-surface ${kind}`;
  host.id = `${textarea.id}-surface`;
  const root = host.attachShadow({ mode: "open" });
  describe(textarea, root);
  // The page hears of a change by the textarea's own event, after it has been written there; not by these, which come before.
  host.addEventListener("input", (event) => event.stopPropagation());
  textarea.after(host);
  const state = EditorState.create({ doc: textarea.value, extensions: extensionsOf(textarea, kind) });
  const view = new EditorView({ state, parent: root, root });
  const surface = { textarea, host, view, kind };
  takeOverLabels(textarea, view);
  const isAtWork = document.activeElement === textarea; // somebody was quicker than this script
  textarea.hidden = true;
  if (isAtWork) {
    view.focus();
  }
  surfaces.set(textarea, surface);
  return surface;
}

export function showValue({ textarea, view }) {
  const { doc, selection } = view.state;
  const value = textarea.value;
  if (doc.toString() !== value) {
    const kept = Math.min(selection.main.head, value.length);
    view.dispatch({ changes: { from: 0, to: doc.length, insert: value }, selection: { anchor: kept }, annotations: fromPage.of(true) });
  }
}

export function closeSurface({ textarea, host, view }) {
  view.destroy();
  host.remove();
  surfaces.delete(textarea);
}
