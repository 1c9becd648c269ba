// Completion inside {{ }} and {% %}: variables, tags, filters and snippets, from the names of the form.
import { EditorSelection, EditorView, snippet, startCompletion } from "../vendor/codemirror.js";
import { namesOf } from "./names.js";
import { words } from "./words.js";

const REACH = 400; // characters before the cursor that are looked at; an expression is shorter
const IN_INCLUDE = /\{%-?\s*include\s+["']([^"']*)$/;
const IN_TAG_NAME = /\{%-?\s*(\w*)$/;
const IN_EXPRESSION = /\{([{%])-?((?:[^{}%"']|"[^"]*"|'[^']*')*)$/;

const TAGS = [
  { label: "if", detail: words.tagIf, rest: "if ${condition} %\\}${}\\{% endif %\\}" },
  { label: "elif", detail: words.tagElif, rest: "elif ${condition} %\\}" },
  { label: "else", detail: words.tagElse, rest: "else %\\}" },
  { label: "endif", detail: words.tagEndif, rest: "endif %\\}" },
  { label: "for", detail: words.tagFor, rest: "for ${item} in ${items} %\\}${}\\{% endfor %\\}" },
  { label: "endfor", detail: words.tagEndfor, rest: "endfor %\\}" },
  { label: "set", detail: words.tagSet, rest: "set ${name} = ${value} %\\}" },
  { label: "include", detail: words.tagInclude, rest: 'include "${}" %\\}', thenAsk: true },
];

// The list keeps the order that it has here or on the page.
function inOrder(options) {
  return options.map((one, index) => ({ ...one, boost: -index / 100 }));
}

// Takes what already closes the brace after the cursor along, so that it is never written twice.
function endOfClosing(view, to, closing) {
  const after = view.state.sliceDoc(to, to + 8);
  const found = new RegExp(`^\\s*-?${closing}`).exec(after);
  return found ? to + found[0].length : to;
}

function applyVariable(view, completion, from, to) {
  const insert = `${completion.label} }}`;
  view.dispatch({
    changes: { from, to: endOfClosing(view, to, "\\}\\}"), insert },
    selection: EditorSelection.cursor(from + insert.length),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}

function applyTag(view, completion, from, to) {
  const gap = view.state.sliceDoc(from - 1, from) === "%" ? " " : "";
  snippet(gap + completion.rest)(view, completion, from, endOfClosing(view, to, "%\\}"));
  if (completion.thenAsk) {
    startCompletion(view);
  }
}

function variableOptions(names, apply) {
  return inOrder(names.variables.map((one) => ({ label: one.name, detail: one.example || one.kind || "", apply })));
}

function expressionCompletions(names, pos, brace, expression) {
  const filter = /\|\s*(\w*)$/.exec(expression);
  if (filter) {
    const options = inOrder(names.filters.map((one) => ({ label: one.name, detail: one.words || "" })));
    return { from: pos - filter[1].length, options, validFor: /^\w*$/ };
  }
  const word = /(\w*)$/.exec(expression)[1];
  const before = expression.slice(0, expression.length - word.length);
  if (/["'.]$/.test(before) || (brace === "{" && word === "" && before.trim() !== "" && !/[-+*~(,<>=]\s*$/.test(before))) {
    return null;
  }
  const alone = brace === "{" && before.trim() === "";
  return { from: pos - word.length, options: variableOptions(names, alone ? applyVariable : undefined), validFor: /^\w*$/ };
}

// Asked for in the middle of the words: a variable with its braces.
function wholeVariables(names, pos, before) {
  const word = /\w*$/.exec(before)[0];
  const options = variableOptions(names).map((one) => ({ ...one, apply: `{{ ${one.label} }}` }));
  return { from: pos - word.length, options, validFor: /^\w*$/ };
}

export function jinjaCompletions(textarea) {
  return function (context) {
    const { state, pos } = context;
    const before = state.sliceDoc(Math.max(state.doc.lineAt(pos).from, pos - REACH), pos);
    const names = namesOf(textarea);
    const include = IN_INCLUDE.exec(before);
    if (include) {
      const options = inOrder(names.snippets.map((label) => ({ label })));
      return { from: pos - include[1].length, options, validFor: /^[^"']*$/ };
    }
    const tag = IN_TAG_NAME.exec(before);
    if (tag) {
      const options = inOrder(TAGS.map((one) => ({ ...one, apply: applyTag })));
      return { from: pos - tag[1].length, options, validFor: /^\w*$/ };
    }
    const inside = IN_EXPRESSION.exec(before);
    if (inside) {
      return expressionCompletions(names, pos, inside[1], inside[2]);
    }
    return context.explicit ? wholeVariables(names, pos, before) : null;
  };
}

// Braces close themselves; a person who types the closing ones all the same steps over them.
export const stepOverClosing = EditorView.inputHandler.of(function (view, from, to, text) {
  const after = view.state.sliceDoc(from, from + 2);
  const before = view.state.sliceDoc(from - 1, from);
  const steps = (text === "%" && after === "%}") || (text === "}" && after[0] === "}" && (before === "%" || before === "}"));
  if (from !== to || !steps) {
    return false;
  }
  view.dispatch({ selection: EditorSelection.cursor(from + 1), userEvent: "select" });
  return true;
});
