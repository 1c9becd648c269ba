// Images dropped or pasted into the text, or chosen from the computer: each goes to the form's data-upload-url, and then its
// reference stands where it was dropped, however much was typed meanwhile.
import { EditorView, StateEffect, StateField } from "../vendor/codemirror.js";
import { imageReference } from "./commands.js";
import { addImage } from "./names.js";
import { fill, words } from "./words.js";

const hold = StateEffect.define({ map: (one, changes) => ({ ...one, pos: changes.mapPos(one.pos, 1) }) });
const letGo = StateEffect.define();

// Places that wait for an upload, moved along by every change.
const places = StateField.define({
  create: () => new Map(),
  update(waiting, transaction) {
    const moved = new Map([...waiting].map(([key, pos]) => [key, transaction.changes.mapPos(pos, 1)]));
    for (const effect of transaction.effects) {
      if (effect.is(hold)) {
        moved.set(effect.value.key, effect.value.pos);
      } else if (effect.is(letGo)) {
        moved.delete(effect.value);
      }
    }
    return moved;
  },
});

function say(form, text, bad = false) {
  for (const element of form.ownerDocument.querySelectorAll("[data-upload-status]")) {
    element.textContent = text;
    element.classList.toggle("error", bad);
  }
}

async function widthOf(file) {
  try {
    const picture = await createImageBitmap(file);
    const { width } = picture;
    picture.close();
    return width;
  } catch {
    return 0; // an SVG, for instance, has no width of its own here
  }
}

async function post(form, file) {
  const body = new FormData();
  body.append("csrf_token", form.elements.csrf_token?.value || "");
  body.append("file", file, file.name);
  try {
    const answer = await fetch(form.dataset.uploadUrl, { method: "POST", body, headers: { Accept: "application/json" } });
    const said = await answer.json().catch(() => ({}));
    return answer.ok && said.content_id ? said : { refused: said.words || fill(words.notUploaded, { name: file.name }) };
  } catch {
    return { refused: fill(words.connectionFailed, { name: file.name }) };
  }
}

function put(view, textarea, kind, key, image) {
  const from = view.state.field(places).get(key);
  const insert = imageReference(kind, image);
  const { main } = view.state.selection;
  const selection = main.empty && main.head === from ? { anchor: from + insert.length } : undefined;
  view.dispatch({ changes: { from, insert }, selection, userEvent: "input.drop" });
  addImage(textarea, image);
  textarea.dispatchEvent(new CustomEvent("postroom:uploaded", { bubbles: true, detail: image }));
}

export async function uploadImages(view, textarea, kind, files, pos) {
  const { form } = textarea;
  const key = Symbol("upload");
  const refused = [];
  view.dispatch({ effects: hold.of({ key, pos }) });
  for (const file of files) {
    say(form, fill(words.uploading, { name: file.name }));
    const [answer, width] = await Promise.all([post(form, file), widthOf(file)]);
    if (answer.refused) {
      refused.push(answer.refused);
    } else {
      put(view, textarea, kind, key, { ...answer, width });
    }
  }
  view.dispatch({ effects: letGo.of(key) });
  const done = files.length === 1 ? fill(words.imageIn, { name: files[0].name }) : fill(words.imagesIn, { count: files.length });
  say(form, refused.join(" ") || done, refused.length > 0);
}

function take(view, textarea, kind, files, pos) {
  const images = files.filter((file) => file.type.startsWith("image/"));
  if (images.length < files.length) {
    say(textarea.form, words.onlyImages, true);
  }
  if (images.length) {
    uploadImages(view, textarea, kind, images, pos);
  }
}

export function imageUploads(textarea, kind) {
  const handlers = EditorView.domEventHandlers({
    drop(event, view) {
      const files = [...(event.dataTransfer?.files || [])];
      if (!files.length || !textarea.form?.dataset.uploadUrl) {
        return false;
      }
      event.preventDefault();
      const pos = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.selection.main.head;
      take(view, textarea, kind, files, pos);
      return true;
    },
    paste(event, view) {
      const files = [...(event.clipboardData?.files || [])];
      // Office programs put a picture of the copied words beside the words: then the words are meant.
      if (!files.length || event.clipboardData.getData("text/plain") || !textarea.form?.dataset.uploadUrl) {
        return false;
      }
      event.preventDefault();
      take(view, textarea, kind, files, view.state.selection.main.head);
      return true;
    },
  });
  return [places, handlers];
}
