// One person's phone: the chat with the bot, as this person sees it.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { avatar, copy, el, icon } from "./dom.js";
import { invitation, openWindow, readLink } from "./links.js";
import { MessageLog } from "./log.js";
import { openMenu } from "./menu.js";
import { gist } from "./message.js";
import { Overlay } from "./overlay.js";
import { say } from "./words.js";

const RETRY_MS = 2000;

export class Column {
  /** `stage` knows the other people: others(uid), openAs(uid, payload), arrived(uid, count). */
  constructor(person, index, stage) {
    this.uid = person.id;
    this.name = person.first_name;
    this.isHost = index === 0;
    this.stage = stage;
    this.state = null;
    this.online = false;
    this.tapping = new Set();
    this.reading = null;
    this.toastsSeen = null;
    this.#assemble(person, index);
    this.retitle();
  }

  #assemble(person, index) {
    this.log = new MessageLog({
      tap: (message, button) => this.#tap(message, button),
      link: (href, anchor) => this.#openLink(href, anchor),
      linkMenu: (href, anchor) => this.#linkMenu(href, anchor),
      copy: (text) => this.#copy(text),
      command: (text) => this.#act(() => api.write(this.uid, text)),
      jump: (id) => this.log.jump(id),
      unable: () => this.overlay.toast(say("not_in_demo")),
      isPending: (message, button) => this.#pendingOf(message).includes(button.callback_data),
      pendingOf: (message) => this.#pendingOf(message),
      find: (id) => this.state?.messages.find((message) => message.message_id === id),
    });
    this.composer = new Composer(this.uid, {
      write: (text) => this.#act(() => api.write(this.uid, text)),
      photo: (file) => this.#act(() => api.sendPhoto(this.uid, file)),
      start: () => this.start(),
      unblock: () => this.#act(() => api.unblock(this.uid)),
      commands: () => this.state?.commands ?? [],
    });
    this.overlay = new Overlay();
    this.roleTag = el("span", { class: "role" });
    this.stateTag = el("span", { class: "state", role: "status" });
    this.menuButton = el(
      "button",
      { type: "button", class: "round", "aria-haspopup": "menu", onclick: () => this.#chatMenu() },
      icon("more"),
    );
    this.pinned = el("button", { type: "button", class: "pinned", hidden: true, onclick: () => this.#jumpToPinned() });
    this.empty = el("div", { class: "empty", hidden: true });
    this.node = el(
      "section",
      { class: "chat", "data-testid": `chat-${this.uid}`, id: `chat-${this.uid}`, "data-hue": index % 4 },
      el(
        "header",
        { class: "chat-head" },
        avatar(person),
        el("div", { class: "who" }, el("h2", {}, this.name, this.roleTag), this.stateTag),
        this.menuButton,
      ),
      this.pinned,
      this.log.node,
      this.empty,
      this.overlay.node,
      this.composer.node,
    );
    this.node.addEventListener("dragover", (event) => this.#dragOver(event));
    this.node.addEventListener("dragleave", () => this.node.classList.remove("dropping"));
    this.node.addEventListener("drop", (event) => this.#drop(event));
  }

  /** Words everything again, after the page's language has changed. */
  retitle() {
    this.roleTag.textContent = say(this.isHost ? "host" : "member");
    this.node.setAttribute("aria-label", say("chat_of", { name: this.name }));
    this.menuButton.setAttribute("aria-label", say("chat_menu", { name: this.name }));
    this.empty.replaceChildren(el("strong", {}, say("empty")), el("span", {}, say("empty_hint")));
    this.composer.retitle(this.name);
    this.log.relabel(say("chat_of", { name: this.name }));
    this.setOnline(this.online);
    if (this.state) this.#draw(this.state);
  }

  /** Shows whether this chat hears of changes. */
  setOnline(online) {
    this.online = online;
    this.stateTag.textContent = say(online ? "online" : "offline");
    this.stateTag.classList.toggle("off", !online);
  }

  /** Reads the chat anew; calls that come while one is under way become one more reading after it. */
  refresh() {
    this.wanted = true;
    this.reading ??= this.#read();
    return this.reading;
  }

  async #read() {
    while (this.wanted) {
      this.wanted = false;
      try {
        this.#draw(await api.chat(this.uid));
        this.setOnline(true);
      } catch {
        this.setOnline(false);
        clearTimeout(this.again);
        this.again = setTimeout(() => this.refresh(), RETRY_MS);
      }
    }
    this.reading = null; // in the same step as the last look at `wanted`, so that no call is lost
  }

  /** Presses Start, with a deep link's payload if there is one. */
  start(payload) {
    return this.#act(() => api.start(this.uid, payload));
  }

  /** Draws attention to this chat for a moment. */
  flash() {
    this.node.classList.remove("flash");
    requestAnimationFrame(() => this.node.classList.add("flash"));
    this.log.follow();
  }

  #draw(state) {
    this.state = state;
    const arrived = this.log.draw(state.messages);
    const pinned = state.messages.find((message) => message.message_id === state.pinned_message_id);
    this.pinned.hidden = !pinned;
    if (pinned) {
      const label = el("span", {}, el("strong", {}, say("pinned")), el("span", {}, gist(pinned)));
      this.pinned.replaceChildren(icon("pin"), label);
    }
    this.empty.hidden = state.messages.length > 0;
    this.composer.draw(state);
    this.#showToasts(state.toasts ?? []);
    if (arrived) this.stage.arrived(this.uid, arrived);
  }

  #showToasts(toasts) {
    const seen = this.toastsSeen;
    this.toastsSeen = toasts.reduce((latest, toast) => Math.max(latest, toast.seq), seen ?? 0);
    if (seen === null) return; // those from before this page was opened
    for (const toast of toasts) {
      if (toast.seq <= seen) continue;
      if (toast.url) this.#openLink(toast.url, this.node);
      if (!toast.text) continue;
      if (toast.show_alert) this.overlay.alert(toast.text, this.node.contains(document.activeElement));
      else this.overlay.toast(toast.text);
    }
  }

  async #act(call) {
    try {
      await call();
    } catch (refused) {
      this.overlay.toast(say(refused.status === 404 ? "button_gone" : "send_failed"));
      return false;
    } finally {
      this.log.follow();
      await this.refresh();
    }
    return true;
  }

  async #tap(message, button) {
    const mark = JSON.stringify([message.message_id, button.callback_data]);
    if (this.tapping.has(mark)) return;
    this.tapping.add(mark);
    this.log.draw(this.state.messages);
    try {
      await api.tap(this.uid, message.message_id, button.callback_data);
    } catch (refused) {
      this.overlay.toast(say(refused.status === 404 ? "button_gone" : "send_failed"));
    }
    await this.refresh(); // from here on the stand-in tells whether the tap still waits
    this.tapping.delete(mark);
    this.log.draw(this.state.messages);
  }

  #pendingOf(message) {
    const own = [...this.tapping].map((mark) => JSON.parse(mark));
    const waiting = (this.state?.pending_taps ?? []).map((tap) => [tap.message_id, tap.data]);
    return [...own, ...waiting].filter(([id]) => id === message.message_id).map(([, data]) => data);
  }

  #openLink(href, anchor) {
    const link = readLink(href);
    if (link.kind === "web") openWindow(link.url);
    else if (link.kind === "start" && link.payload && anchor.tagName !== "A") this.start(link.payload);
    else if (invitation(href)) this.#linkMenu(invitation(href), anchor);
    else if (link.kind === "start") this.#openBot();
    else if (link.kind === "share" && readLink(link.url).kind === "web") this.#copy(link.url);
    else this.overlay.toast(say("not_in_demo"));
  }

  #openBot() {
    if (this.state?.messages.length) this.log.follow();
    else this.start();
  }

  #linkMenu(href, anchor) {
    const { payload } = readLink(href);
    const others = this.stage.others(this.uid).map((other) => ({
      label: say("open_as_person", { name: other.name }),
      act: () => this.stage.openAs(other.uid, payload),
    }));
    openMenu(anchor, [
      { label: say("copy_link"), act: () => this.#copy(href) },
      { label: say("open_here"), act: () => this.start(payload) },
      { heading: say("open_as") },
      ...others,
    ]);
  }

  #chatMenu() {
    const block = this.state?.blocked
      ? { label: say("unblock"), act: () => this.#act(() => api.unblock(this.uid)) }
      : { label: say("block"), act: () => this.#act(() => api.block(this.uid)) };
    openMenu(this.menuButton, [{ label: say("restart"), act: () => this.start() }, block]);
  }

  async #copy(text) {
    this.overlay.toast(say((await copy(text)) ? "copied" : "copy_failed"));
  }

  #jumpToPinned() {
    this.log.jump(this.state.pinned_message_id);
  }

  #dragOver(event) {
    if (!event.dataTransfer.types.includes("text/uri-list")) return;
    event.preventDefault();
    this.node.classList.add("dropping");
  }

  #drop(event) {
    this.node.classList.remove("dropping");
    const href = invitation(event.dataTransfer.getData("text/uri-list"));
    if (!href) return;
    event.preventDefault();
    this.stage.openAs(this.uid, readLink(href).payload);
  }
}
