// A menu that hangs from a button: opened by click, Enter or arrow down; arrows move, a letter jumps, Escape closes.
function items(menu) {
  return [...menu.querySelectorAll("[role=menuitem]")];
}

function row({ label, detail, choose }, close) {
  const item = document.createElement("button");
  item.type = "button";
  item.setAttribute("role", "menuitem");
  item.tabIndex = -1;
  item.append(Object.assign(document.createElement("span"), { className: "menu-label", textContent: label }));
  if (detail) {
    item.append(" ", Object.assign(document.createElement("span"), { className: "menu-detail", textContent: detail }));
  }
  if (choose) {
    item.addEventListener("click", function () {
      close();
      choose();
    });
  } else {
    item.setAttribute("aria-disabled", "true");
  }
  return item;
}

// Never further right than its toolbar reaches.
function place(menu, button) {
  const bar = button.closest("[role=toolbar]");
  const room = bar.clientWidth - menu.offsetWidth;
  menu.style.left = `${Math.max(0, Math.min(button.offsetLeft, room))}px`;
  menu.style.top = `${button.offsetTop + button.offsetHeight + 4}px`;
}

function move(menu, event) {
  const all = items(menu);
  const now = all.indexOf(menu.getRootNode().activeElement);
  const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined) {
    return all[(to + all.length) % all.length];
  }
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.key === " ") {
    return undefined;
  }
  const turned = [...all.slice(now + 1), ...all.slice(0, now + 1)];
  return turned.find((one) => one.textContent.toLowerCase().startsWith(event.key.toLowerCase()));
}

// `offer` is called at each opening and returns {heading, entries: [{label, detail, choose}]}; an entry without `choose` rests.
export function hangMenu(button, menu, offer) {
  function close() {
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
  }
  function open() {
    const { heading, entries } = offer();
    menu.setAttribute("aria-description", heading);
    menu.replaceChildren(...entries.map((one) => row(one, close)));
    menu.dataset.heading = heading;
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    place(menu, button);
    items(menu)[0]?.focus();
  }
  button.addEventListener("click", () => (menu.hidden ? open() : close()));
  button.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown" && menu.hidden) {
      event.preventDefault();
      event.stopPropagation();
      open();
    }
  });
  menu.addEventListener("keydown", function (event) {
    event.stopPropagation();
    if (event.key === "Escape") {
      close();
      button.focus();
      return;
    }
    const to = move(menu, event);
    if (to) {
      event.preventDefault();
      to.focus();
    }
  });
  menu.addEventListener("focusout", function (event) {
    if (!menu.contains(event.relatedTarget) && event.relatedTarget !== button) {
      close();
    }
  });
}
