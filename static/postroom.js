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
  function localise(root) {
    for (const element of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const when = new Date(element.dateTime);
      if (!Number.isNaN(when.getTime())) {
        element.title = element.textContent;
        element.textContent = element.dataset.day ? dayAndTime(when) : format.format(when);
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

  document.addEventListener("DOMContentLoaded", function () {
    localise(document);
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    localise(event.detail.elt.parentElement || document);
  });
})();
