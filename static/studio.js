// The editor's page: frames that do not flicker, saving by itself, stepping through people.
// Without this file a template can be written, saved and published as well; only the live preview is missing.

const form = document.getElementById("editor");
const frames = document.getElementById("frames");

// Frames. A new page is loaded behind the old one and takes its place when it is there.
const FRAMES_OF_VIEW = { desktop: ["desktop"], phone: ["phone"], dark: ["desktop"], side: ["desktop", "phone"] };
const TITLES = { desktop: "HTML of the e-mail", phone: "HTML of the e-mail on a phone" };
let shown = 0;

function showFrames() {
  const source = document.getElementById("frame-source");
  const kinds = source?.dataset.src ? (FRAMES_OF_VIEW[source.dataset.view] ?? []) : [];
  const turn = ++shown;
  frames.hidden = kinds.length === 0;
  for (const place of [...frames.children]) {
    if (!kinds.includes(place.dataset.kind)) {
      place.remove();
    }
  }
  for (const kind of kinds) {
    let place = frames.querySelector(`[data-kind="${kind}"]`);
    if (!place) {
      place = document.createElement("div");
      place.dataset.kind = kind;
      place.className = "frame-place";
      frames.append(place);
    }
    load(place, kind, source.dataset.src, turn);
  }
}

function load(place, kind, address, turn) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.title = TITLES[kind];
  frame.className = `preview-frame ${kind} coming`;
  frame.addEventListener("load", () => {
    if (turn < Number(place.dataset.turn ?? 0)) {
      frame.remove();
      return;
    }
    place.dataset.turn = String(turn);
    for (const old of [...place.children]) {
      if (old !== frame) {
        old.remove();
      }
    }
    frame.classList.remove("coming");
    document.dispatchEvent(new CustomEvent("postroom:previewed"));
  });
  frame.src = address;
  for (const waiting of [...place.querySelectorAll(".coming")]) {
    waiting.remove();
  }
  place.append(frame);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "preview") {
    showFrames();
  }
});
showFrames();

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
