// The editor's page: saving by itself, stepping through people.
// Without this file a template can be written, saved and published as well; only the live preview is missing.

const form = document.getElementById("editor");
// The checks bring the names that the editor offers, new ones among them.
document.addEventListener("htmx:afterSettle", () => {
  const names = document.getElementById("new-names");
  if (names) {
    form.dataset.names = names.dataset.names;
    names.remove();
  }
});

// People: next and previous are one more value of the preview's request.
let step = "";
for (const button of document.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => {
    document.getElementById("preview_find").value = "";
    step = button.dataset.step;
    htmx.trigger(form, "preview");
  });
}
form.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt === form && step) {
    event.detail.parameters.set("step", step);
    step = "";
  }
});
document.getElementById("preview_list").addEventListener("change", () => {
  document.getElementById("preview_find").value = "";
  document.getElementById("preview_person").value = "0";
});

// Saving by itself: a moment after the last change, and at once when the page is left.
const QUIET = 1200;
const NOT_SAVED = new Set(["view", "preview_list", "preview_find", "images", "new_language"]);
const saved = document.getElementById("saved");
let timer = 0;
let isChanged = false;
let isSaving = false;
let waiting = null;

form.addEventListener("input", (event) => {
  if (NOT_SAVED.has(event.target.name)) {
    return;
  }
  isChanged = true;
  clearTimeout(timer);
  timer = setTimeout(() => save(), QUIET);
});

async function save(more = {}) {
  if (isSaving) {
    timer = setTimeout(() => save(more), QUIET);
    return;
  }
  isSaving = true;
  isChanged = false;
  try {
    // The form around `saved` goes along, and the answer brings the number of the draft that the next save stands on.
    await htmx.ajax("POST", form.dataset.autosave, { source: saved, target: saved, swap: "innerHTML", values: more });
  } finally {
    isSaving = false;
    if (waiting) {
      form.requestSubmit(waiting);
    }
  }
}

saved.addEventListener("click", (event) => {
  if (event.target.closest("[data-mine]")) {
    save({ mine: "yes" });
  }
});

// A press of a button while a save is under way waits for it, so that it stands on the newest draft.
form.addEventListener("submit", (event) => {
  if (isSaving) {
    event.preventDefault();
    waiting = event.submitter;
    return;
  }
  clearTimeout(timer);
  isChanged = false;
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && isChanged && !isSaving) {
    isChanged = false;
    clearTimeout(timer);
    navigator.sendBeacon(form.dataset.autosave, new FormData(form));
  }
});
