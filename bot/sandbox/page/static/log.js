// The list of messages: draws only what changed and follows new ones without stealing the reader's place.

import { el, icon, swap } from "./dom.js";
import { messageView } from "./message.js";
import { dayKey, dayName } from "./times.js";
import { say } from "./words.js";

const NEAR_PX = 80;

export class MessageLog {
  constructor(acts) {
    this.acts = acts;
    this.shown = new Map(); // key -> {signature, node}
    this.unseen = 0;
    this.following = true;
    this.top = 0;
    this.list = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions", tabindex: "0" });
    this.jumpButton = el("button", { type: "button", class: "to-bottom", hidden: true, onclick: () => this.follow() });
    this.node = el("div", { class: "log-frame" }, this.list, this.jumpButton);
    this.list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.list.addEventListener("load", () => this.#settle(), true); // pictures get their height late
    new ResizeObserver(() => this.#settle()).observe(this.list);
  }

  /** Names the list for screen readers and forgets drawn messages, so that the next `draw` words them anew. */
  relabel(label) {
    this.list.setAttribute("aria-label", label);
    for (const part of this.shown.values()) part.signature = "";
  }

  /** Shows these messages, oldest first; returns how many new ones came from the bot. */
  draw(messages) {
    const parts = withDays(messages);
    const keys = new Set(parts.map((part) => part.key));
    const first = this.shown.size === 0;
    for (const [key, { node }] of this.shown) {
      if (keys.has(key)) continue;
      node.remove();
      this.shown.delete(key);
    }
    let arrived = 0;
    let before = null;
    for (const part of parts) {
      const signature = this.#signature(part);
      const old = this.shown.get(part.key);
      if (!old) {
        const node = this.#build(part);
        if (before) before.after(node);
        else this.list.prepend(node);
        if (!first) {
          node.classList.add("arriving");
          if (part.message?.from_bot) arrived += 1;
          if (part.message && !part.message.from_bot) this.following = true;
        }
        this.shown.set(part.key, { signature, node });
      } else if (old.signature !== signature) {
        const node = this.#build(part);
        swap(old.node, node);
        this.shown.set(part.key, { signature, node });
      }
      before = this.shown.get(part.key).node;
    }
    if (!this.following) this.unseen += arrived;
    this.#settle();
    return arrived;
  }

  /** Scrolls to the newest message and stays there. */
  follow() {
    this.following = true;
    this.#settle();
  }

  /** Scrolls to one message and marks it for a moment. */
  jump(messageId) {
    const node = this.shown.get(`m${messageId}`)?.node;
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.remove("found");
    requestAnimationFrame(() => node.classList.add("found"));
  }

  #signature(part) {
    return part.message ? JSON.stringify([part.message, this.acts.pendingOf(part.message)]) : part.day;
  }

  #build(part) {
    if (part.message) return messageView(part.message, this.acts);
    return el("p", { class: "day" }, el("span", {}, dayName(part.at)));
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    // Only going up stops the following: a late picture makes the list longer without anybody having scrolled.
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
    if (this.following) this.unseen = 0;
    this.#offerJump();
  }

  #settle() {
    if (this.following) {
      this.unseen = 0;
      this.list.scrollTop = this.list.scrollHeight;
    }
    this.#offerJump();
  }

  #offerJump() {
    this.jumpButton.hidden = this.following;
    const label = this.unseen ? say("new_messages", { count: this.unseen }) : say("to_bottom");
    if (this.jumpButton.dataset.label === label) return;
    this.jumpButton.dataset.label = label;
    this.jumpButton.setAttribute("aria-label", label);
    this.jumpButton.replaceChildren(...(this.unseen ? [el("span", {}, label), icon("down")] : [icon("down")]));
  }
}

function withDays(messages) {
  const parts = [];
  let day = null;
  for (const message of messages) {
    const key = dayKey(message.date);
    if (key !== day) parts.push({ key: `d${key}`, day: key, at: message.date });
    day = key;
    parts.push({ key: `m${message.message_id}`, message });
  }
  return parts;
}
