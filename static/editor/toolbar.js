// The toolbar above an editor: buttons that change the text, and menus that insert what the page knows by name.
import { commandOf, imageReference, insertText } from "./commands.js";
import { meantField, nameOfField, writeCondition, writeVariable } from "./fields.js";
import { hangMenu } from "./menu.js";
import { namesOf } from "./names.js";
import { surfaceNamed } from "./surface.js";
import { uploadImages } from "./uploads.js";
import { fill, words } from "./words.js";

const NO_VARIABLES = [{ label: words.noVariables, detail: words.howToMakeOne }];
const NO_SNIPPETS = [{ label: words.noSnippets }];
const NO_IMAGES = [{ label: words.noImages }];

function variables(surface) {
  const field = meantField(surface);
  const entries = namesOf(surface.textarea).variables.map((one) => ({
    label: one.name,
    detail: one.example,
    choose: () => writeVariable(field, one.name),
  }));
  return { heading: fill(words.into, { field: nameOfField(field) }), entries: entries.length ? entries : NO_VARIABLES };
}

function snippets({ textarea, view }) {
  const entries = namesOf(textarea).snippets.map((label) => ({
    label,
    choose: () => insertText(view, `{% include "${label}" %}`),
  }));
  return { heading: words.snippets, entries: entries.length ? entries : NO_SNIPPETS };
}

function chooseFiles({ textarea, view, kind }) {
  const chooser = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", multiple: true, hidden: true });
  document.body.append(chooser);
  chooser.addEventListener("cancel", () => chooser.remove());
  chooser.addEventListener("change", function () {
    chooser.remove();
    uploadImages(view, textarea, kind, [...chooser.files], view.state.selection.main.head);
  });
  view.focus();
  chooser.click();
}

function images(surface) {
  const { textarea, view, kind } = surface;
  const entries = namesOf(textarea).images.map((one) => ({
    label: one.name,
    choose: () => insertText(view, imageReference(kind, one)),
  }));
  if (textarea.form.dataset.uploadUrl) {
    entries.push({ label: words.uploadAnImage, choose: () => chooseFiles(surface) });
  }
  return { heading: words.images, entries: entries.length ? entries : NO_IMAGES };
}

const MENUS = { variable: variables, snippet: snippets, image: images };

function press(surface, name) {
  if (name === "condition") {
    writeCondition(meantField(surface), namesOf(surface.textarea).variables[0]?.name || "name");
    return;
  }
  const run = commandOf(surface.kind, name);
  if (run) {
    run(surface.view);
    surface.view.focus();
  }
}

// One stop for Tab; arrows move within, as in every toolbar.
function moveWithin(bar) {
  const buttons = [...bar.querySelectorAll(":scope button[data-do], :scope button[data-menu]")];
  function settle(chosen) {
    for (const button of buttons) {
      button.tabIndex = button === chosen ? 0 : -1;
    }
  }
  settle(buttons[0]);
  bar.addEventListener("focusin", function (event) {
    if (buttons.includes(event.target)) {
      settle(event.target);
    }
  });
  bar.addEventListener("keydown", function (event) {
    const now = buttons.indexOf(event.target);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (now >= 0 && to !== undefined) {
      event.preventDefault();
      buttons[(to + buttons.length) % buttons.length].focus();
    }
  });
}

export function openToolbar(bar) {
  const surface = () => surfaceNamed(bar.closest("form"), bar.dataset.for);
  if (bar.dataset.open || !surface()) {
    return;
  }
  bar.dataset.open = "yes";
  bar.setAttribute("aria-controls", surface().host.id);
  for (const button of bar.querySelectorAll("button[data-do]")) {
    button.addEventListener("click", () => press(surface(), button.dataset.do));
  }
  for (const button of bar.querySelectorAll("button[data-menu]")) {
    hangMenu(button, button.nextElementSibling, () => MENUS[button.dataset.menu](surface()));
  }
  moveWithin(bar);
  bar.hidden = false;
}
