// The few things a page does beyond htmx. Everything works without this file but the reader's own time zone.
(function () {
  "use strict";

  // What is said here comes with the page, in its language; `%(name)s` is filled in.
  const words = JSON.parse(document.body.dataset.words || "{}");
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  // Times come as UTC; show them in the reader's zone, keeping UTC as the tooltip. They are written as the server writes
  // them, whatever the browser's country: one page must not have them in two ways.
  const language = document.documentElement.lang;
  const written = (text, options) => {
    const format = new Intl.DateTimeFormat(language, { hourCycle: "h23", ...options });
    return (when) => fill(text, Object.fromEntries(format.formatToParts(when).map((part) => [part.type, part.value])));
  };
  const calendar = written(words.date, { day: "numeric", month: "short", year: "numeric" });
  const almanac = written(words.longDate, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const clock = written("%(hour)s:%(minute)s", { hour: "2-digit", minute: "2-digit" });
  const watch = written("%(hour)s:%(minute)s:%(second)s", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
  // “tomorrow at 09:40”, as the server says it, but by the reader's own clock.
  function dayAndTime(when) {
    const midnight = (time) => new Date(time.getFullYear(), time.getMonth(), time.getDate());
    const days = Math.round((midnight(when) - midnight(new Date())) / 86400000);
    const text = { "-1": words.yesterday, 0: words.today, 1: words.tomorrow }[days] || words.day;
    return fill(text, { day: calendar(when), time: clock(when) });
  }
  const far = {
    short: (when) => `${calendar(when)}, ${clock(when)}`,
    "": (when) => `${almanac(when)}, ${clock(when)} (${zone})`,
    seconds: (when) => `${almanac(when)}, ${watch(when)} (${zone})`,
  };
  function localise(root) {
    for (const element of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const when = new Date(element.dateTime);
      if (!Number.isNaN(when.getTime())) {
        element.title = element.textContent;
        element.textContent = element.dataset.day ? dayAndTime(when) : far[element.dataset.long ?? "short"](when);
        element.dataset.local = "yes";
      }
    }
  }

  // A form that must not be sent twice: its button rests after the first press. The server refuses a second one anyway.
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.dataset.once !== undefined) {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
    }
  });
  window.addEventListener("pageshow", function () {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
    }
  });

  // Time left to undo a release. The server gives the seconds, so that a wrong clock here does no harm. Readers of
  // the screen's words hear it three times, not every second.
  function countDown(element) {
    const seconds = Number(element.dataset.countdown);
    const from = performance.now();
    const face = element.querySelector("[data-face]");
    const voice = element.querySelector("[data-voice]");
    let said;
    function say(words) {
      if (words !== said) {
        said = words;
        voice.textContent = words;
      }
    }
    function tick() {
      const left = Math.max(0, Math.ceil(seconds - (performance.now() - from) / 1000));
      face.hidden = false;
      face.textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
      if (left === 0) {
        say(words.undoOver);
        for (const one of element.querySelectorAll("[data-until-zero]")) {
          one.hidden = true;
        }
        return;
      }
      say(left <= 10 ? words.undoSoonOver : fill(words.undoFor, { seconds }));
      setTimeout(tick, 250);
    }
    tick();
  }

  // Somebody who has not chosen a time zone is offered the browser's.
  function offerZone(root) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    for (const select of root.querySelectorAll("select[data-browser-zone]")) {
      delete select.dataset.browserZone;
      if (Array.from(select.options).some((option) => option.value === own)) {
        select.value = own;
      }
    }
  }

  document.addEventListener("DOMContentLoaded", function () {
    localise(document);
    offerZone(document);
    for (const element of document.querySelectorAll("[data-countdown]")) {
      countDown(element);
    }
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    const root = event.detail.elt.parentElement || document;
    localise(root);
    offerZone(root);
  });
})();
