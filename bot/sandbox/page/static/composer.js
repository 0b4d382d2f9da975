// The lower end of a chat: what the person can write, send and press.

import { el, icon } from "./dom.js";
import { openMenu } from "./menu.js";
import { say } from "./words.js";

export class Composer {
  /** `acts`: write(text), photo(file), start(), unblock() each return a promise; commands() a list. */
  constructor(uid, acts) {
    this.acts = acts;
    this.drawn = "";
    this.slash = el("button", { type: "button", class: "round", "data-testid": "commands", "aria-haspopup": "menu" }, "/");
    this.input = el("textarea", { rows: "1", "data-testid": "input", id: `input-${uid}`, maxlength: "4096", enterkeyhint: "send" });
    this.file = el("input", { type: "file", accept: "image/*", "data-testid": "photo", class: "unseen", tabindex: "-1" });
    this.clip = el("button", { type: "button", class: "round" }, icon("clip"));
    this.send = el("button", { type: "submit", class: "round send", "data-testid": "send" }, icon("send"));
    this.form = el("form", { class: "write" }, this.slash, this.input, this.clip, this.file, this.send);
    this.replies = el("div", { class: "replies", hidden: true });
    this.wide = el("div", { class: "wide-action", hidden: true });
    this.node = el("footer", { class: "composer" }, this.wide, this.form, this.replies);
    this.#listen();
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.input.addEventListener("input", () => this.#fit());
    this.input.addEventListener("keydown", (event) => {
      // Enter also ends a Hangul syllable in an input method; that one must not send.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#send();
    });
    this.input.addEventListener("paste", (event) => {
      const picture = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
      if (!picture) return;
      event.preventDefault();
      this.acts.photo(picture);
    });
    this.slash.addEventListener("click", () => this.#commandMenu());
    this.clip.addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => {
      const [picture] = this.file.files;
      this.file.value = "";
      if (picture) this.acts.photo(picture);
    });
  }

  /** Words the labels for this person. */
  retitle(name) {
    this.slash.setAttribute("aria-label", say("commands"));
    this.slash.title = say("commands");
    this.input.setAttribute("aria-label", say("write_to", { name }));
    this.input.placeholder = say("write");
    this.clip.setAttribute("aria-label", say("photo"));
    this.clip.title = say("photo");
    this.file.setAttribute("aria-label", say("photo"));
    this.send.setAttribute("aria-label", say("send"));
    this.replies.setAttribute("aria-label", say("keyboard"));
    this.drawn = "";
  }

  /** Shows what the chat's state allows: Start, unblock, or writing with the bot's reply keyboard. */
  draw(state) {
    const fresh = state.messages.length === 0;
    const signature = JSON.stringify([state.blocked, fresh, state.reply_keyboard, state.placeholder]);
    if (signature === this.drawn) return;
    this.drawn = signature;
    const focused = this.wide.contains(document.activeElement);
    this.form.hidden = fresh || state.blocked;
    this.wide.hidden = !this.form.hidden;
    if (state.blocked) this.wide.replaceChildren(el("p", {}, say("blocked")), this.#wideButton("unblock"));
    else if (fresh) this.wide.replaceChildren(this.#wideButton("start"));
    if (focused && !this.form.hidden) this.input.focus({ preventScroll: true });
    this.input.placeholder = state.placeholder || say("write");
    const rows = this.form.hidden ? [] : (state.reply_keyboard ?? []);
    this.replies.hidden = rows.length === 0;
    this.replies.replaceChildren(...rows.map((row) => el("div", { class: "row" }, row.map((key) => this.#reply(key)))));
  }

  #wideButton(word) {
    const press = () => this.acts[word]();
    return el("button", { type: "button", class: "primary-button", "data-testid": word, onclick: press }, say(word));
  }

  #reply(key) {
    const text = key.text ?? key;
    return el("button", { type: "button", class: "reply", onclick: () => this.acts.write(text) }, text);
  }

  async #send() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.#fit();
    const sent = await this.acts.write(text);
    if (!sent && !this.input.value) this.input.value = text;
    this.#fit();
  }

  #fit() {
    this.input.style.height = "auto";
    const borders = this.input.offsetHeight - this.input.clientHeight;
    this.input.style.height = `${this.input.scrollHeight + borders}px`;
  }

  #commandMenu() {
    const commands = this.acts.commands();
    if (!commands.length) {
      openMenu(this.slash, [{ heading: say("no_commands") }], "start");
      return;
    }
    const items = commands.map(({ command, description }) => ({
      label: `/${command}`,
      detail: description,
      act: () => this.acts.write(`/${command}`),
    }));
    openMenu(this.slash, items, "start");
  }
}
