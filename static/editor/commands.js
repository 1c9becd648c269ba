// What the toolbar and its shortcuts do to the text. Each is a CodeMirror command: it takes the view, makes one undoable change
// and says whether it did.
import { EditorSelection, redo, undo } from "../vendor/codemirror.js";
import { words as said } from "./words.js";

const ADDRESS = "https://";
const WORDS = said.placeWords; // stand in the text until somebody writes over them
const HEADING = said.placeHeading;

function change(view, spec) {
  view.dispatch(view.state.update(spec, { userEvent: "input", scrollIntoView: true }));
  view.focus();
  return true;
}

// The words that a mark goes around: the selection without the spaces at its ends, or the word at the cursor.
function wordsAt(state, range) {
  const found = range.empty ? state.wordAt(range.head) || range : range;
  const text = state.sliceDoc(found.from, found.to);
  const from = found.from + (text.length - text.trimStart().length);
  return text.trim() ? { from, to: from + text.trim().length } : { from: found.from, to: found.from };
}

function around(open, close = open) {
  return function (view) {
    const { state } = view;
    return change(view, state.changeByRange(function (range) {
      const { from, to } = wordsAt(state, range);
      if (state.sliceDoc(from - open.length, from) === open && state.sliceDoc(to, to + close.length) === close) {
        const changes = [{ from: from - open.length, to: from }, { from: to, to: to + close.length }];
        return { changes, range: EditorSelection.range(from - open.length, to - open.length) };
      }
      const changes = [{ from, insert: open }, { from: to, insert: close }];
      return { changes, range: EditorSelection.range(from + open.length, to + open.length) };
    }));
  };
}

// A mark at the start of each selected line, or away again when all have it.
function atLines(has, mark) {
  return function (view) {
    const { state } = view;
    const { from, to } = state.selection.main;
    const lines = [];
    for (let pos = from; pos <= to; pos = lines.at(-1).to + 1) {
      lines.push(state.doc.lineAt(pos));
    }
    const written = lines.length > 1 ? lines.filter((line) => line.text.trim()) : lines;
    const away = written.every((line) => has.test(line.text));
    const changes = written.map(function (line, index) {
      const old = /^(#{1,6} |[-*] |\d+\. )?/.exec(line.text)[0];
      return { from: line.from, to: line.from + old.length, insert: away ? "" : mark(index) };
    });
    const set = state.changes(changes);
    return change(view, { changes: set, selection: state.selection.map(set, 1) });
  };
}

// Text in a paragraph of its own, in place of the selection or after the line of the cursor.
function ownParagraph(make) {
  return function (view) {
    const { doc, selection } = view.state;
    const chosen = view.state.sliceDoc(selection.main.from, selection.main.to).trim();
    const from = chosen ? selection.main.from : doc.lineAt(selection.main.head).to;
    const to = chosen ? selection.main.to : from;
    const before = /\n*$/.exec(doc.sliceString(Math.max(0, from - 2), from))[0].length;
    const after = /^\n*/.exec(doc.sliceString(to, to + 2))[0].length;
    const lead = from === 0 ? "" : "\n".repeat(2 - before);
    const tail = to === doc.length ? "\n" : "\n".repeat(2 - after);
    const { text, select } = make(chosen.replace(/\s+/g, " "));
    const start = from + lead.length + select[0];
    const insert = lead + text + tail;
    return change(view, { changes: { from, to, insert }, selection: { anchor: start, head: start + select[1] } });
  };
}

// `open` + address + `middle` + words + `close`, or with the words first; what is still to be typed is selected.
function link(write) {
  return function (view) {
    const { state } = view;
    const { from, to } = wordsAt(state, state.selection.main);
    const chosen = state.sliceDoc(from, to);
    const insert = write(chosen || WORDS);
    const wanted = chosen ? ADDRESS : WORDS;
    const at = from + (chosen ? insert.lastIndexOf(ADDRESS) : insert.indexOf(WORDS));
    return change(view, { changes: { from, to, insert }, selection: { anchor: at, head: at + wanted.length } });
  };
}

function tableRow(cell) {
  return `| ${cell} | ${cell} |`;
}

const WIDTH = Math.max(HEADING.length, WORDS.length);
const TABLE = [HEADING.padEnd(WIDTH), "-".repeat(WIDTH), WORDS.padEnd(WIDTH), WORDS.padEnd(WIDTH)].map(tableRow).join("\n");

const MARKDOWN = {
  bold: around("**"),
  italic: around("_"),
  heading: atLines(/^#{1,6} /, () => "## "),
  list: atLines(/^[-*] /, () => "- "),
  numbered: atLines(/^\d+\. /, (index) => `${index + 1}. `),
  link: link((words) => `[${words}](${ADDRESS})`),
  button: ownParagraph(function (words) {
    const text = `[${words || WORDS}](${ADDRESS} "button")`;
    return { text, select: words ? [text.indexOf(ADDRESS), ADDRESS.length] : [1, WORDS.length] };
  }),
  table: ownParagraph(() => ({ text: TABLE, select: [2, HEADING.length] })),
  line: ownParagraph(function (words) {
    const text = `${words ? `${words}\n\n` : ""}---\n`;
    return { text, select: [text.length, 0] };
  }),
};
const HTML = {
  bold: around("<strong>", "</strong>"),
  italic: around("<em>", "</em>"),
  link: link((words) => `<a href="${ADDRESS}">${words}</a>`),
};
const COMMANDS = { markdown: MARKDOWN, html: HTML, mjml: HTML, text: {} };

export function commandOf(kind, name) {
  return { undo, redo, ...COMMANDS[kind] }[name];
}

export function shortcutsOf(kind) {
  const { bold, italic, link: linked } = COMMANDS[kind] || {};
  const keys = [["Mod-b", bold], ["Mod-i", italic], ["Mod-k", linked]];
  return keys.filter(([, run]) => run).map(([key, run]) => ({ key, run, preventDefault: true }));
}

export function insertText(view, text) {
  return change(view, view.state.replaceSelection(text));
}

export function insertCondition(view, name) {
  const { from, to } = view.state.selection.main;
  const open = `{% if ${name} == "value" %}`;
  const at = from + "{% if ".length;
  const changes = [{ from, insert: open }, { from: to, insert: "{% endif %}" }];
  return change(view, { changes, selection: { anchor: at, head: at + name.length } });
}

function withoutEnding(name) {
  return name.replace(/\.[^.]*$/, "").replace(/[[\]"<>{}&]/g, "");
}

// How an image is named in the text, its name in the place of what it shows until somebody writes that. An image's width keeps
// old mail programs from blowing it up.
export function imageReference(kind, image) {
  const width = Math.min(image.width || 600, 600);
  const shows = withoutEnding(image.name);
  if (kind === "markdown") {
    return `![${shows}](cid:${image.content_id})`;
  }
  if (kind === "mjml") {
    return `<mj-image src="cid:${image.content_id}" alt="${shows}" width="${width}px" />`;
  }
  return `<img src="cid:${image.content_id}" alt="${shows}" width="${width}">`;
}
