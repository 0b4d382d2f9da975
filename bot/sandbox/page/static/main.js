// The page: one column for each person, kept up to date by the stand-in's events.

import * as api from "./api.js";
import { ClockBar } from "./clock_bar.js";
import { Column } from "./column.js";
import { avatar, el, icon } from "./dom.js";
import { openWindow } from "./links.js";
import { currentLanguage, onLanguage, say, sayAll, switchLanguage } from "./words.js";

const WALK_CLOSED_AS = "two-demo-walk-closed";
const byId = (id) => document.getElementById(id);

const columns = new Map();
const tabs = new Map();
let clock;
let links = [];
let run = "";
let chosen = null;

const stage = {
  others: (uid) => [...columns.values()].filter((column) => column.uid !== uid),
  openAs(uid, payload) {
    choose(uid);
    columns.get(uid).flash();
    return columns.get(uid).start(payload);
  },
  arrived(uid, count) {
    const tab = tabs.get(uid);
    if (uid !== chosen) tab.unread += count;
    drawBadge(uid);
  },
};

/** On a narrow screen only the chosen chat is shown; on a wide one this only marks the tab. */
function choose(uid) {
  chosen = uid;
  for (const [other, tab] of tabs) {
    const on = other === uid;
    tab.node.setAttribute("aria-selected", String(on));
    tab.node.tabIndex = on ? 0 : -1;
    columns.get(other).node.classList.toggle("chosen", on);
  }
  tabs.get(uid).unread = 0;
  drawBadge(uid);
  columns.get(uid).log.follow();
}

function drawBadge(uid) {
  const { badge, unread } = tabs.get(uid);
  badge.textContent = unread || "";
  badge.hidden = !unread;
}

function addTab(column, person) {
  const badge = el("span", { class: "badge", hidden: true });
  const node = el(
    "button",
    {
      type: "button",
      role: "tab",
      "aria-controls": `chat-${column.uid}`,
      "data-testid": `tab-${column.uid}`,
      "data-hue": column.node.dataset.hue,
      onclick: () => choose(column.uid),
    },
    avatar(person, "small"),
    el("span", {}, column.name),
    badge,
  );
  tabs.set(column.uid, { node, badge, unread: 0 });
  byId("tabs").append(node);
}

function stepTabs(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const uids = [...tabs.keys()];
  const next = uids[(uids.indexOf(chosen) + by + uids.length) % uids.length];
  choose(next);
  tabs.get(next).node.focus();
}

function tell(text) {
  const line = el("p", { class: "toast" }, text);
  byId("page-toast").replaceChildren(line);
  setTimeout(() => line.remove(), 5000);
}

function drawWalk() {
  const names = [...columns.values()].map((column) => column.name);
  const values = { host: names[0] ?? say("host"), member: names[1] ?? say("member") };
  byId("walk").replaceChildren(
    el(
      "div",
      { class: "walk-head" },
      el("h2", {}, say("walk_title")),
      el(
        "button",
        { type: "button", class: "round", "aria-label": say("walk_close"), onclick: () => showWalk(false) },
        icon("close"),
      ),
    ),
    el("ol", {}, sayAll("walk", values).map((line) => el("li", {}, line))),
  );
}

function showWalk(open) {
  byId("walk").hidden = !open;
  byId("walk-open").setAttribute("aria-expanded", String(open));
  try {
    localStorage.setItem(WALK_CLOSED_AS, open ? "" : "yes");
  } catch {
    // then the card is back after a reload
  }
}

function walkWasClosed() {
  try {
    return localStorage.getItem(WALK_CLOSED_AS) === "yes";
  } catch {
    return false;
  }
}

function drawWords() {
  const language = currentLanguage();
  document.documentElement.lang = language;
  document.title = say("title");
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = say(node.dataset.word);
  for (const node of document.querySelectorAll("[data-word-label]")) {
    node.setAttribute("aria-label", say(node.dataset.wordLabel));
  }
  byId("language").textContent = say("other_language");
  byId("language").setAttribute("aria-label", say("other_language_label"));
  byId("links").replaceChildren(
    ...links.map((link) => el("button", { type: "button", class: "quiet", onclick: () => openWindow(link.url) }, link[language])),
  );
  drawWalk();
  clock.retitle();
  for (const column of columns.values()) column.retitle();
}

async function openStage() {
  const [scene, everybody] = await Promise.all([api.scene(), api.people()]);
  ({ links, run } = scene);
  scene.people.forEach((uid, index) => {
    const person = everybody.find((candidate) => candidate.id === uid);
    if (!person) return;
    const column = new Column(person, index, stage);
    columns.set(uid, column);
    byId("chats").append(column.node);
    addTab(column, person);
  });
  if (columns.size) choose([...columns.keys()][0]);
}

/** A demo that was started anew has forgotten everything, so the page forgets with it. */
async function startOverWithTheDemo() {
  try {
    if ((await api.scene()).run !== run) location.reload();
  } catch {
    // the stream opens again when the demo is back
  }
}

async function open() {
  clock = new ClockBar(byId("clock"), tell);
  byId("language").addEventListener("click", switchLanguage);
  byId("walk-open").addEventListener("click", () => showWalk(byId("walk").hidden));
  byId("tabs").addEventListener("keydown", stepTabs);
  for (;;) {
    try {
      await openStage();
      break;
    } catch {
      tell(say("load_failed"));
      await new Promise((wake) => setTimeout(wake, 1500));
    }
  }
  onLanguage(drawWords);
  if (!walkWasClosed() && matchMedia("(min-width: 720px)").matches) showWalk(true);
  api.listen(
    (uid) => {
      columns.get(uid)?.refresh();
      clock.readSoon();
    },
    (online) => {
      if (online) startOverWithTheDemo();
      for (const column of columns.values()) {
        if (online) column.refresh();
        else column.setOnline(false);
      }
    },
  );
}

open();
