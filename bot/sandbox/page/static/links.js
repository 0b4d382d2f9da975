// What a link means inside a Telegram chat.

const BOT_LINK = /^https?:\/\/(?:t|telegram)\.me\/([A-Za-z0-9_]{4,32})\/?$/;

/**
 * Reads a link: {kind: "start", payload} opens the bot with a payload, {kind: "share", url} is Telegram's "send to…"
 * window around another link, {kind: "telegram"} is anything else of Telegram's, {kind: "web"} a page.
 */
export function readLink(href) {
  let url;
  try {
    url = new URL(href);
  } catch {
    return { kind: "telegram" };
  }
  if (url.protocol === "tg:") return { kind: "telegram" };
  if (!["t.me", "telegram.me"].includes(url.hostname)) return { kind: "web", url: url.href };
  if (url.pathname === "/share/url") return { kind: "share", url: url.searchParams.get("url") ?? "" };
  const others = [...url.searchParams.keys()].filter((key) => key !== "start");
  if (!BOT_LINK.test(url.origin + url.pathname) || others.length) return { kind: "telegram" };
  return { kind: "start", payload: url.searchParams.get("start") ?? "" };
}

/** The deep link inside a link, or null: the link itself, or what Telegram's share window would send on. */
export function invitation(href) {
  const link = readLink(href);
  if (link.kind === "start" && link.payload) return href;
  if (link.kind === "share") {
    const inner = readLink(link.url);
    if (inner.kind === "start" && inner.payload) return link.url;
  }
  return null;
}

/**
 * Opens a page in a window of a phone's size, as the browser inside Telegram would. A page of the demo's own host keeps
 * its opener, for without one it could not close itself when the person is done.
 */
export function openWindow(url) {
  const ours = new URL(url, location.href).hostname === location.hostname;
  window.open(url, "_blank", `popup,width=412,height=844${ours ? "" : ",noopener,noreferrer"}`);
}
