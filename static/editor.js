// The writing surface of the template editor. Textareas marked with data-editor="markdown", "html", "mjml" or "text" become
// editors, toolbars marked with data-for="NAME" work on them. Without this file the textareas work as they are.
import { rememberFocus } from "./editor/fields.js";
import { goToLine, showProblems } from "./editor/problems.js";
import { allSurfaces, closeSurface, openSurface, showValue, surfaceOf } from "./editor/surface.js";
import { openToolbar } from "./editor/toolbar.js";

// After each swap of a part of the page: what went is closed, what came is opened.
function settle() {
  for (const surface of allSurfaces()) {
    if (!surface.textarea.isConnected) {
      closeSurface(surface);
    }
  }
  for (const textarea of document.querySelectorAll("textarea[data-editor]")) {
    if (!surfaceOf(textarea)) {
      openSurface(textarea);
    }
  }
  for (const bar of document.querySelectorAll("[role=toolbar][data-for]")) {
    openToolbar(bar);
  }
  allSurfaces().forEach(showProblems);
}

document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("postroom:problems", () => allSurfaces().forEach(showProblems));
document.addEventListener("postroom:replace", function (event) {
  const surface = surfaceOf(event.target);
  if (surface) {
    showValue(surface);
  }
}, true);
document.addEventListener("reset", function (event) {
  // The fields have their old values only after this event.
  setTimeout(() => allSurfaces().filter((one) => one.textarea.form === event.target).forEach(showValue));
});
// Browsers put back what was typed when one returns to a page.
window.addEventListener("pageshow", () => allSurfaces().forEach(showValue));
document.addEventListener("focusin", rememberFocus);
document.addEventListener("click", function (event) {
  const item = event.target.closest("[data-go-to-line]")?.closest("li[data-place][data-line]");
  const surface = item && allSurfaces().find((one) => one.textarea.name === item.dataset.place);
  if (surface) {
    event.preventDefault();
    goToLine(surface, Number.parseInt(item.dataset.line, 10));
  }
});

settle();
