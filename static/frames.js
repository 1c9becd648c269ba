// Shows an e-mail's HTML while it is written. The frames hold a blank page with a policy of its own, in which nothing
// can run, and stay; of the e-mail only what changed is put in its place. So nothing flickers, and nobody who reads
// further down is thrown back to the top with every letter.
// Expects in the page: #frames for the frames, with their titles in data-words, and #frame-html with the HTML as an attribute, inside what htmx swaps.

const FRAMES_OF_VIEW = { desktop: ["desktop"], phone: ["phone"], dark: ["desktop"], side: ["desktop", "phone"] };
const places = document.getElementById("frames");
const titles = JSON.parse(places.dataset.words); // in the page's language

function showFrames() {
  const source = document.getElementById("frame-html");
  places.hidden = !source;
  if (!source) {
    return;
  }
  const kinds = FRAMES_OF_VIEW[source.dataset.view];
  for (const place of [...places.children]) {
    if (!kinds.includes(place.dataset.kind)) {
      place.remove();
    }
  }
  for (const kind of kinds) {
    show(frameOf(kind), source.dataset.html, source.dataset.paper);
  }
}

function frameOf(kind) {
  const there = places.querySelector(`[data-kind="${kind}"] iframe`);
  if (there) {
    return there;
  }
  const place = document.createElement("div");
  place.dataset.kind = kind;
  place.className = "frame-place";
  const frame = document.createElement("iframe");
  // Our own origin, so that this page can write into it; without `allow-scripts` nothing in it ever runs.
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.title = titles[kind];
  frame.className = `preview-frame ${kind}`;
  frame.addEventListener("load", () => {
    frame.contentDocument?.addEventListener("click", (event) => event.preventDefault());
    frame.dataset.at = frame.dataset.going;
    write(frame);
  });
  place.append(frame);
  places.append(place);
  return frame;
}

function show(frame, html, paper) {
  frame.html = html;
  // Without a doctype mail programs and browsers measure differently; that cannot be changed once a page is there.
  const address = /^\s*<!doctype/i.test(html) ? paper : `${paper}${paper.includes("?") ? "&" : "?"}old=yes`;
  if (frame.dataset.going !== address) {
    frame.dataset.going = address;
    frame.src = address;
  } else if (frame.dataset.at === address) {
    write(frame);
  }
}

function write(frame) {
  // The frame's own parser: the styles in the e-mail are held against the frame's policy, not against ours.
  const fresh = new frame.contentWindow.DOMParser().parseFromString(frame.html, "text/html");
  renew(frame.contentDocument.documentElement, fresh.documentElement);
  frame.dataset.shown = "yes";
  document.dispatchEvent(new CustomEvent("postroom:previewed"));
}

// Make `old` equal to `fresh`: whatever stands before and after the first and the last change stays as it is.
function renew(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  let start = 0;
  while (start < before.length && start < after.length && before[start].isEqualNode(after[start])) {
    start += 1;
  }
  let same = 0;
  const most = Math.min(before.length, after.length) - start;
  while (same < most && before.at(-1 - same).isEqualNode(after.at(-1 - same))) {
    same += 1;
  }
  const gone = before.slice(start, before.length - same);
  const come = after.slice(start, after.length - same);
  if (gone.length === come.length && gone.every((node, at) => canRenew(node, come[at]))) {
    gone.forEach((node, at) => renew(node, come[at]));
    return;
  }
  const next = before[before.length - same] ?? null;
  gone.forEach((node) => node.remove());
  come.forEach((node) => old.insertBefore(node, next));
}

function canRenew(node, other) {
  return node.nodeType === Node.ELEMENT_NODE && node.nodeName === other.nodeName;
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "preview") {
    showFrames();
  }
});
showFrames();
