// One message: a bubble with its text, picture, file and inline keyboard.

import { el, icon } from "./dom.js";
import { invitation, readLink } from "./links.js";
import { richText } from "./rich_text.js";
import { timeOfDay } from "./times.js";
import { say } from "./words.js";

/**
 * Builds a message's element. `acts` is what its parts can do: tap(message, button), link(href, anchor),
 * linkMenu(href, anchor), copy(text), command(text), jump(messageId), unable(), isPending(message, button),
 * find(messageId).
 */
export function messageView(message, acts) {
  const mine = !message.from_bot;
  const keyboard = message.inline_keyboard ?? [];
  const bubble = el(
    "div",
    { class: `bubble${message.photo_url ? " with-photo" : ""}` },
    replyView(message.reply_to, acts),
    photoView(message.photo_url),
    fileView(message),
    message.html ? el("div", { class: "text" }, richText(message.html, mine ? { ...acts, command: null } : acts)) : null,
    el(
      "span",
      { class: "meta" },
      message.reactions?.length ? el("span", { class: "reactions" }, message.reactions.join(" ")) : null,
      message.pinned ? icon("pin") : null,
      message.edit_date ? el("span", {}, say("edited")) : null,
      el("time", {}, timeOfDay(message.date)),
    ),
  );
  return el(
    "article",
    { class: `message ${mine ? "mine" : "theirs"}`, "data-message": message.message_id },
    bubble,
    keyboard.length ? keyboardView(message, keyboard, acts) : null,
  );
}

/** The first line of what a message says, for the pinned bar and for quotes. */
export function gist(message) {
  const text = message.text || message.caption || (message.photo_url ? say("photo_alt") : say("file"));
  return text.split("\n")[0];
}

function replyView(replyTo, acts) {
  if (!replyTo) return null;
  const id = replyTo.message_id ?? replyTo;
  const original = acts.find(id);
  if (!original) return null;
  return el("button", { type: "button", class: "quote", onclick: () => acts.jump(id) }, gist(original));
}

function photoView(url) {
  if (!url) return null;
  const image = el("img", { src: url, alt: say("photo_alt"), draggable: "false" });
  return el("a", { class: "photo", href: url, target: "_blank", rel: "noopener", "aria-label": say("open_photo") }, image);
}

function fileView(message) {
  if (!message.document_url) return null;
  const fallback = decodeURIComponent(message.document_url.split(/[?#]/)[0].split("/").pop()) || say("file");
  const name = message.document_name ?? fallback;
  return el(
    "a",
    { class: "file", href: message.document_url, download: name },
    el("span", { class: "file-mark" }, icon("file")),
    el("span", {}, name),
  );
}

function keyboardView(message, rows, acts) {
  const lines = rows.map((row) => el("div", { class: "row" }, row.map((button) => buttonView(message, button, acts))));
  return el("div", { class: "inline-keyboard" }, lines);
}

function buttonView(message, button, acts) {
  const key = `${message.message_id}|${button.text}`;
  const style = ["danger", "success", "primary"].includes(button.style) ? ` ${button.style}` : "";
  if (button.callback_data !== undefined) {
    const pending = acts.isPending(message, button);
    return el(
      "button",
      {
        type: "button",
        class: `inline${style}${pending ? " pending" : ""}`,
        "data-key": key,
        "aria-busy": pending ? "true" : null,
        onclick: () => acts.tap(message, button),
      },
      el("span", {}, button.text),
    );
  }
  if (button.url !== undefined) return linkButton(button, key, style, acts);
  const copied = button.copy_text?.text ?? button.copy_text;
  return el(
    "button",
    {
      type: "button",
      class: `inline${style}`,
      "data-key": key,
      onclick: () => (copied === undefined ? acts.unable() : acts.copy(copied)),
    },
    el("span", {}, button.text),
    copied === undefined ? null : icon("copy"),
  );
}

function linkButton(button, key, style, acts) {
  const href = button.url;
  const main = el(
    "button",
    {
      type: "button",
      class: `inline${style}`,
      "data-key": key,
      draggable: invitation(href) ? "true" : null,
      onclick: (event) => acts.link(href, event.currentTarget),
    },
    el("span", {}, button.text),
    readLink(href).kind === "start" ? null : icon("out"),
  );
  const deep = invitation(href);
  if (!deep) return main;
  main.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("text/uri-list", deep);
    event.dataTransfer.setData("text/plain", deep);
  });
  const more = el(
    "button",
    {
      type: "button",
      class: "inline inline-more",
      "data-key": `${key}|more`,
      "aria-label": `${button.text}: ${say("link_menu")}`,
      title: say("open_as"),
      "aria-haspopup": "menu",
      onclick: (event) => acts.linkMenu(deep, event.currentTarget),
    },
    icon("more"),
  );
  return el("span", { class: "split" }, main, more);
}
