// Where a variable goes: the field that had focus last, if it takes variables, otherwise the toolbar's own editor.
import { insertCondition, insertText } from "./commands.js";
import { surfaceOf } from "./surface.js";

const lastFields = new WeakMap(); // form → input or textarea

export function rememberFocus({ target }) {
  const field = target.classList.contains("editor-surface") ? target.previousElementSibling : target;
  if (field.form && (surfaceOf(field) || field.matches("[data-takes-variables]"))) {
    lastFields.set(field.form, field);
  }
}

function hasOwnToolbar(textarea) {
  return [...textarea.form.querySelectorAll("[role=toolbar][data-for]")].some((bar) => bar.dataset.for === textarea.name);
}

// The input or textarea that is meant; the toolbar of one editor does not write into another that has a toolbar too.
export function meantField(surface) {
  const last = lastFields.get(surface.textarea.form);
  const usable = last?.isConnected && !(surfaceOf(last) && hasOwnToolbar(last));
  return usable ? last : surface.textarea;
}

export function nameOfField(field) {
  return field.labels?.[0]?.textContent.trim() || surfaceOf(field)?.view.contentDOM.getAttribute("aria-label") || field.name;
}

function writeInto(input, text, select) {
  const start = input.selectionStart ?? input.value.length;
  input.focus();
  // The one way that the browser's own undo knows of; setRangeText is for browsers that have dropped it.
  if (!document.execCommand("insertText", false, text)) {
    input.setRangeText(text, start, input.selectionEnd ?? start, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (select) {
    input.setSelectionRange(start + select[0], start + select[1]);
  }
}

export function writeVariable(field, name) {
  const surface = surfaceOf(field);
  if (surface) {
    insertText(surface.view, `{{ ${name} }}`);
  } else {
    writeInto(field, `{{ ${name} }}`);
  }
}

export function writeCondition(field, name) {
  const surface = surfaceOf(field);
  if (surface) {
    insertCondition(surface.view, name);
    return;
  }
  const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
  const open = "{% if ";
  writeInto(field, `${open}${name} == "value" %}${chosen}{% endif %}`, [open.length, open.length + name.length]);
}
