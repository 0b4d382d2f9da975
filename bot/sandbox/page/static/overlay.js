// What the bot says beside the chat: short toasts, and alerts that wait for OK.

import { el } from "./dom.js";
import { say } from "./words.js";

const TOAST_MS = 3500;

export class Overlay {
  constructor() {
    this.toasts = el("div", { class: "toasts", role: "status", "aria-live": "polite" });
    this.node = el("div", { class: "overlay" }, this.toasts);
  }

  /** Shows a line of text for a few seconds. */
  toast(text) {
    const node = el("p", { class: "toast", "data-testid": "toast" }, text);
    this.toasts.append(node);
    while (this.toasts.childElementCount > 3) this.toasts.firstElementChild.remove();
    setTimeout(() => node.remove(), TOAST_MS);
  }

  /** Shows a text until OK is pressed; takes the focus only when it is already in this chat. */
  alert(text, takeFocus) {
    const back = document.activeElement;
    const close = () => {
      box.remove();
      if (takeFocus) back.focus?.();
    };
    const ok = el("button", { type: "button", class: "primary-button", onclick: close }, say("ok"));
    const box = el(
      "div",
      { class: "veil", onkeydown: (event) => event.key === "Escape" && close() },
      el("div", { class: "alert", role: "alertdialog", "aria-modal": "false", "aria-label": text }, el("p", {}, text), ok),
    );
    this.node.append(box);
    if (takeFocus) ok.focus();
  }
}
