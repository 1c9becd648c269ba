// The four kinds of text that an editor knows, each with Jinja inside it: Markdown, HTML, MJML and plain text.
import {
  EditorState, LanguageSupport, Prec, StreamLanguage, html, htmlCompletionSource, htmlCompletionSourceWith, jinja, keymap,
  lineNumbers, markdown, markdownKeymap, markdownLanguage,
} from "../vendor/codemirror.js";
import { jinjaCompletions } from "./completion.js";

const SIZES = { width: null, height: null, padding: null };
const FONT = { color: null, "font-family": null, "font-size": null, "line-height": null, align: ["left", "center", "right"] };
const BOX = { "background-color": null, border: null, "border-radius": null, padding: null };
const MJML_TAGS = {
  mjml: { attrs: { lang: null, dir: ["ltr", "rtl"] }, children: ["mj-head", "mj-body"] },
  "mj-head": { children: ["mj-title", "mj-preview", "mj-attributes", "mj-style", "mj-font", "mj-breakpoint"] },
  "mj-title": {}, "mj-preview": {}, "mj-attributes": {}, "mj-all": { attrs: FONT }, "mj-class": { attrs: { name: null } },
  "mj-style": { attrs: { inline: ["inline"] } }, "mj-font": { attrs: { name: null, href: null } },
  "mj-breakpoint": { attrs: { width: null } }, "mj-body": { attrs: { "background-color": null, width: null } },
  "mj-wrapper": { attrs: BOX }, "mj-section": { attrs: { ...BOX, direction: ["ltr", "rtl"] } }, "mj-group": { attrs: SIZES },
  "mj-column": { attrs: { ...BOX, width: null, "vertical-align": ["top", "middle", "bottom"] } },
  "mj-text": { attrs: { ...FONT, padding: null } },
  "mj-button": { attrs: { ...FONT, ...BOX, href: null, "inner-padding": null } },
  "mj-image": { attrs: { ...SIZES, src: null, alt: null, href: null, align: ["left", "center", "right"] } },
  "mj-divider": { attrs: { "border-color": null, "border-width": null, "border-style": ["solid", "dashed", "dotted"], padding: null } },
  "mj-spacer": { attrs: { height: null } }, "mj-table": { attrs: { ...FONT, width: null } }, "mj-raw": {},
  "mj-social": { attrs: { mode: ["horizontal", "vertical"], align: ["left", "center", "right"] } },
  "mj-social-element": { attrs: { name: null, href: null, src: null, alt: null } },
  "mj-navbar": {}, "mj-navbar-link": { attrs: { href: null, ...FONT } },
  "mj-hero": { attrs: { "background-url": null, "background-color": null, height: null, mode: ["fluid-height", "fixed-height"] } },
};

// No tag is closed by itself while one types: what is typed is what stands there.
const PLAIN = new LanguageSupport(
  StreamLanguage.define({
    name: "plain",
    token(stream) {
      stream.skipToEnd();
      return null;
    },
  }),
);

const KINDS = {
  markdown: {
    base: () => markdown({ base: markdownLanguage, completeHTMLTags: false, addKeymap: false }),
    also: [keymap.of(markdownKeymap)],
    sources: [],
  },
  html: {
    base: () => html({ autoCloseTags: false }),
    also: [lineNumbers()],
    sources: [htmlCompletionSource],
  },
  mjml: {
    base: () => html({ autoCloseTags: false, selfClosingTags: true, extraTags: MJML_TAGS }),
    also: [lineNumbers()],
    sources: [htmlCompletionSourceWith({ extraTags: MJML_TAGS })],
  },
  text: { base: () => PLAIN, also: [], sources: [] },
};

export function isProse(kind) {
  return kind === "markdown" || kind === "text";
}

export function languageOf(kind) {
  const known = KINDS[kind] || KINDS.text;
  return [jinja({ base: known.base() }), known.also];
}

export function completionsOf(kind, textarea) {
  return [jinjaCompletions(textarea), ...(KINDS[kind] || KINDS.text).sources];
}

// Only the braces of variables and tags come in pairs; quotes and brackets are ordinary marks in a letter.
export const bracePairs = Prec.highest(EditorState.languageData.of(() => [{ closeBrackets: { brackets: ["{"] } }]));
