// A small menu beside a button; the browser's own popover closes it on Escape or a click outside.

import { el } from "./dom.js";

/**
 * Shows a menu next to `anchor`, ending where it ends or, with `side` "start", beginning where it begins. Items:
 * {label, detail?, act} or {heading}. Focus goes back to the anchor.
 */
export function openMenu(anchor, items, side = "end") {
  const menu = el("div", { class: "menu", popover: "auto", role: "menu" });
  for (const item of items) {
    if (item.heading) {
      menu.append(el("p", { class: "menu-heading", role: "presentation" }, item.heading));
      continue;
    }
    const choose = () => {
      menu.hidePopover();
      item.act();
    };
    const detail = item.detail ? el("small", {}, item.detail) : null;
    const label = el("span", {}, item.label);
    menu.append(el("button", { type: "button", role: "menuitem", class: "menu-item", onclick: choose }, label, detail));
  }
  menu.addEventListener("keydown", (event) => step(menu, event));
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    anchor.setAttribute("aria-expanded", "false");
    if (menu.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
    menu.remove();
  });
  document.body.append(menu);
  menu.showPopover();
  anchor.setAttribute("aria-expanded", "true");
  place(menu, anchor, side);
  menu.querySelector("button")?.focus();
}

/** Puts an open popover under its anchor, or above it where there is no room, inside the window. */
export function place(box, anchor, side = "end") {
  const from = anchor.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  const gap = 6;
  const below = from.bottom + gap;
  const top = below + size.height <= innerHeight - gap ? below : Math.max(gap, from.top - gap - size.height);
  const wanted = side === "start" ? from.left : from.right - size.width;
  const left = Math.min(Math.max(gap, wanted), innerWidth - gap - size.width);
  box.style.top = `${top}px`;
  box.style.left = `${left}px`;
}

function step(menu, event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const buttons = [...menu.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  buttons[(at + by + buttons.length) % buttons.length].focus();
}
