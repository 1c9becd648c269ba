// What the page knows by name: variables, snippets, filters and images. The form carries it in data-names, as JSON, and may
// replace it at any time, so it is read anew whenever it is needed.
const NONE = { variables: [], snippets: [], filters: [], images: [] };

export function namesOf(element) {
  const written = element.closest("form")?.dataset.names;
  try {
    return { ...NONE, ...(written ? JSON.parse(written) : {}) };
  } catch {
    return NONE;
  }
}

export function addImage(element, image) {
  const form = element.closest("form");
  const names = namesOf(element);
  const others = names.images.filter((one) => one.content_id !== image.content_id);
  form.dataset.names = JSON.stringify({ ...names, images: [...others, image] });
}
