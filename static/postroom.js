// The few things a page does beyond htmx. Everything works without this file but the reader's own time zone.
(function () {
  "use strict";

  // Times come as UTC; show them in the reader's zone, keeping UTC as the tooltip.
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  // “tomorrow at 09:40”, as the server says it, but by the reader's own clock.
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
  const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  function dayAndTime(when) {
    const midnight = (time) => new Date(time.getFullYear(), time.getMonth(), time.getDate());
    const days = Math.round((midnight(when) - midnight(new Date())) / 86400000);
    const day = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] || "on " + calendar.format(when);
    return day + " at " + clock.format(when);
  }
  const long = { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" };
  const longFormats = {
    "": new Intl.DateTimeFormat(undefined, { ...long, timeZoneName: "short" }),
    seconds: new Intl.DateTimeFormat(undefined, { ...long, second: "2-digit", timeZoneName: "short" }),
  };
  function localise(root) {
    for (const element of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const when = new Date(element.dateTime);
      if (!Number.isNaN(when.getTime())) {
        element.title = element.textContent;
        const far = longFormats[element.dataset.long] || format;
        element.textContent = element.dataset.day ? dayAndTime(when) : far.format(when);
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
        say("The time to undo is over.");
        for (const one of element.querySelectorAll("[data-until-zero]")) {
          one.hidden = true;
        }
        return;
      }
      say(left <= 10 ? "Less than 10 seconds left to undo." : "Undo is possible for " + seconds + " seconds.");
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
