// Problems that the page lists, underlined at their line. The list is the page's:
// <ul data-problems><li data-place="body" data-line="3" data-severity="error">What is wrong</li></ul>
import { EditorView, forEachDiagnostic, nextDiagnostic, setDiagnostics } from "../vendor/codemirror.js";

const SEVERITIES = ["error", "warning", "hint"];

function rangeOfLine(doc, number) {
  const line = doc.line(Math.min(Math.max(number, 1), doc.lines));
  const indent = /^\s*/.exec(line.text)[0].length;
  return { from: line.from + (indent < line.length ? indent : 0), to: line.to };
}

function listed(place) {
  return [...document.querySelectorAll("[data-problems] li[data-place][data-line]")]
    .filter((item) => item.dataset.place === place)
    .map((item) => ({
      line: Number.parseInt(item.dataset.line, 10) || 1,
      severity: SEVERITIES.includes(item.dataset.severity) ? item.dataset.severity : "error",
      message: item.textContent.replace(/\s+/g, " ").trim(),
    }));
}

export function showProblems(surface) {
  const { view } = surface;
  const found = listed(surface.textarea.name);
  const signature = JSON.stringify(found);
  if (surface.shownProblems === signature && surface.shownFor === view.state.doc) {
    return;
  }
  surface.shownProblems = signature;
  surface.shownFor = view.state.doc;
  const diagnostics = found.map((one) => ({ ...rangeOfLine(view.state.doc, one.line), severity: one.severity, message: one.message }));
  view.dispatch(setDiagnostics(view.state, diagnostics));
}

// To the next problem, and read it out: the tooltip alone would say nothing to a screen reader.
export function nextProblem(view) {
  if (!nextDiagnostic(view)) {
    return false;
  }
  const { main } = view.state.selection;
  const messages = [];
  forEachDiagnostic(view.state, function (one, from, to) {
    if (from === main.from && to === main.to) {
      messages.push(one.message);
    }
  });
  view.dispatch({ effects: EditorView.announce.of(messages.join(" ")) });
  return true;
}

export function goToLine(surface, number) {
  const { from } = rangeOfLine(surface.view.state.doc, number);
  surface.view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
  surface.view.focus();
}
