// Mending rows of an import in their place: where the keyboard goes next, and no press that would lose what is typed.
(function () {
  "use strict";

  const isTyped = (form) => Array.from(form.elements).some((one) => "defaultValue" in one && one.value !== one.defaultValue);

  // A row that is typed in and not checked yet belongs to no other button: say so there instead.
  function stopsAtTypedRow() {
    const form = Array.from(document.querySelectorAll(".mend-form")).find(isTyped);
    if (!form) {
      return false;
    }
    form.querySelector("[role='alert']").hidden = false;
    (form.querySelector("[data-mend]") || form.elements[0]).focus();
    return true;
  }
  document.addEventListener(
    "submit",
    function (event) {
      if (event.target.id === "choices" && stopsAtTypedRow()) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    },
    true,
  );
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.target.id === "bad-rows" && stopsAtTypedRow()) {
      event.preventDefault();
    }
  });

  // A mended row has no control any more: go on with the next bad one, or stay with the words when none is left.
  // Other rows are shown: their button may be gone, so begin with their heading.
  document.addEventListener("htmx:afterSettle", function (event) {
    const row = document.querySelector("tr.mended:not([data-seen])");
    if (row) {
      row.dataset.seen = "yes";
      const left = Array.from(row.closest("table").querySelectorAll("[data-mend]"));
      const after = (one) => row.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
      (left.find(after) || left[0] || row.querySelector("[tabindex]")).focus();
    } else if (event.detail.target.id === "bad-rows" && document.activeElement === document.body) {
      document.getElementById("problems").focus();
    }
  });
})();
