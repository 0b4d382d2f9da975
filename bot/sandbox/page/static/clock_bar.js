// The demo's clock in the top bar: it shows the time in Seoul and moves it forward.

import * as api from "./api.js";
import { el } from "./dom.js";
import { place } from "./menu.js";
import { dayKey, fromWallClock, fullDate, shortMoment, timeOfDay, wallClock } from "./times.js";
import { say, sayOr } from "./words.js";

const READ_EVERY_MS = 10_000;
const READ_WHILE_MOVING_MS = 400;

export class ClockBar {
  /** `tell(text)` shows a line to the reader. */
  constructor(node, tell) {
    this.node = node;
    this.tell = tell;
    this.state = null;
    this.moving = false;
    this.now = el("time", { "data-testid": "clock-now" });
    this.due = el("span", { class: "due", "data-testid": "clock-due" });
    this.hour = this.#button("clock_hour", "clock-hour", () => this.#move({ hours: 1 }));
    this.day = this.#button("clock_day", "clock-day", () => this.#move({ days: 1 }));
    this.next = this.#button("clock_next", "clock-next", () => this.#move({ next: true }));
    this.pick = this.#button("clock_pick", "clock-pick", () => this.#openPicker());
    this.progress = el("progress", { hidden: true });
    const face = el("div", { class: "face" }, this.now, this.due, this.progress);
    this.buttons = [this.hour, this.day, this.next, this.pick];
    node.append(face, el("div", { class: "clock-buttons" }, this.buttons));
    this.#keepReading();
  }

  #button(word, testId, act) {
    return el("button", { type: "button", class: "clock-button", "data-testid": testId, "data-say": word, onclick: act });
  }

  /** Words the buttons in the page's language. */
  retitle() {
    for (const button of this.buttons) button.textContent = say(button.dataset.say);
    if (this.state) this.#draw();
  }

  /** Reads the clock anew. */
  async read() {
    try {
      this.state = await api.readClock();
      this.#draw();
    } catch {
      // the next reading is a few seconds away
    }
  }

  /** Reads the clock anew a moment after something happened: what is due next may have changed. */
  readSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.read(), 300);
  }

  async #keepReading() {
    for (;;) {
      if (!document.hidden) await this.read();
      const busy = this.moving || this.state?.moving_to;
      await new Promise((wake) => {
        this.wake = wake;
        setTimeout(wake, busy ? READ_WHILE_MOVING_MS : READ_EVERY_MS);
      });
    }
  }

  #draw() {
    const { now, moving_to: goal, due } = this.state;
    const busy = this.moving || Boolean(goal);
    this.now.dateTime = now;
    this.now.replaceChildren(el("span", { class: "date" }, fullDate(now)), " ", el("b", {}, timeOfDay(now)));
    this.due.textContent = goal ? say("clock_moving", { time: shortMoment(goal) }) : this.#nextLine(due[0], now);
    this.due.title = this.due.textContent;
    this.progress.hidden = !busy;
    this.progress.setAttribute("aria-label", goal ? say("clock_moving", { time: shortMoment(goal) }) : say("clock"));
    for (const button of this.buttons) button.disabled = busy;
    if (!due.length) this.next.disabled = true;
    this.node.setAttribute("aria-busy", String(busy));
  }

  #nextLine(next, now) {
    if (!next) return say("clock_no_due");
    const when = dayKey(next.at) === dayKey(now) ? timeOfDay(next.at) : shortMoment(next.at);
    return `${say("clock_due")} ${when} · ${sayOr(`due_${next.label}`, next.label)}`;
  }

  async #move(move) {
    if (this.moving) return;
    this.moving = true;
    this.#draw();
    this.wake?.();
    try {
      this.state = await api.moveClock(move);
    } catch (refused) {
      const key = `clock_error_${refused.reason}`;
      this.tell(refused.reason ? say(key) : say("send_failed"));
    } finally {
      this.moving = false;
      await this.read();
      this.wake?.();
    }
  }

  #openPicker() {
    const field = el("input", {
      type: "datetime-local",
      id: "clock-field",
      "data-testid": "clock-field",
      min: wallClock(this.state.now),
      value: wallClock(this.state.now),
      required: true,
    });
    const form = el(
      "form",
      { class: "picker", popover: "auto", "data-testid": "clock-picker" },
      el("label", { for: "clock-field" }, say("clock_pick_label")),
      el("div", { class: "picker-line" }, field, el("button", { type: "submit", class: "primary-button" }, say("clock_go"))),
      this.state.due.length ? el("p", { class: "menu-heading" }, say("clock_due_list")) : null,
      el("div", { class: "picker-due" }, this.state.due.map((due) => this.#dueButton(due, () => form.hidePopover()))),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      form.hidePopover();
      this.#move({ to: fromWallClock(field.value) });
    });
    form.addEventListener("toggle", (event) => {
      if (event.newState !== "closed") return;
      form.remove();
      this.pick.focus();
    });
    document.body.append(form);
    form.showPopover();
    place(form, this.pick);
    field.focus();
  }

  #dueButton(due, close) {
    const go = () => {
      close();
      this.#move({ to: due.at });
    };
    const when = el("small", {}, shortMoment(due.at));
    return el("button", { type: "button", class: "menu-item", onclick: go }, el("span", {}, sayOr(`due_${due.label}`, due.label)), when);
  }
}
