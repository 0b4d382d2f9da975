// Turns the stand-in's HTML into nodes. Only what Telegram can show passes, whatever the HTML says.

import { el } from "./dom.js";

const PLAIN = new Set(["B", "STRONG", "I", "EM", "U", "INS", "S", "STRIKE", "DEL", "CODE", "PRE", "BLOCKQUOTE", "BR"]);

const COMMAND = /(?<![\w/.:])(\/[a-z][a-z0-9_]{0,31})(?![\w/])/;

/**
 * Builds the message's text. The hooks handle what is tapped in it: link(href, anchor), copy(text) for code, and
 * command(text), which is left out where commands are no buttons.
 */
export function richText(html, hooks) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fragment = document.createDocumentFragment();
  fragment.append(...children(parsed.body, hooks));
  return fragment;
}

function children(node, hooks) {
  return [...node.childNodes].map((child) => convert(child, hooks)).filter(Boolean);
}

function convert(node, hooks) {
  if (node.nodeType === Node.TEXT_NODE) return withCommands(node.data, hooks);
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  if (["SCRIPT", "STYLE", "TEMPLATE"].includes(node.tagName)) return null;
  const literal = ["A", "PRE", "CODE"].includes(node.tagName);
  const inner = children(node, literal ? { ...hooks, command: null } : hooks);
  if (node.tagName === "A") return anchor(node.getAttribute("href") ?? "", inner, hooks);
  if (node.tagName === "TG-SPOILER" || node.classList.contains("tg-spoiler")) return spoiler(inner);
  if (node.tagName === "CODE" && node.parentElement.tagName !== "PRE") return code(node.textContent, hooks);
  if (PLAIN.has(node.tagName)) return el(node.tagName.toLowerCase(), {}, inner);
  return el("span", {}, inner);
}

function withCommands(text, hooks) {
  if (!hooks.command) return document.createTextNode(text);
  const pieces = text.split(COMMAND).map((piece, index) => {
    if (index % 2 === 0) return document.createTextNode(piece);
    return el("button", { type: "button", class: "command", onclick: () => hooks.command(piece) }, piece);
  });
  return el("span", {}, pieces);
}

function anchor(href, inner, hooks) {
  if (!/^(https?|tg|mailto|tel):/i.test(href)) return el("span", {}, inner);
  const node = el("a", { href, rel: "noopener noreferrer", draggable: "true" }, inner);
  node.addEventListener("click", (event) => {
    if (/^(mailto|tel):/i.test(href)) return;
    event.preventDefault();
    hooks.link(href, node);
  });
  return node;
}

function spoiler(inner) {
  const node = el("span", { class: "spoiler", role: "button", tabindex: "0" }, inner);
  const reveal = () => {
    node.classList.add("revealed");
    node.removeAttribute("role");
    node.removeAttribute("tabindex");
  };
  node.addEventListener("click", reveal);
  node.addEventListener("keydown", (event) => event.key === "Enter" && reveal());
  return node;
}

function code(text, hooks) {
  return el("code", { onclick: () => hooks.copy(text) }, text);
}
