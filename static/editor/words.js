// What the editor says, in the page's language: the page's element of the script editor.js carries it.
export const words = JSON.parse(document.getElementById("editor-script").dataset.words);

// `%(name)s` is filled in.
export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}
