// The page's only way out: the Telegram stand-in's person side and the demo's clock.

/** An answer that was not a success; `reason` is the server's own short key when it gave one. */
export class Refused extends Error {
  constructor(status, reason) {
    super(`${status} ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

async function ask(path, options = {}) {
  const response = await fetch(path, { cache: "no-store", ...options });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body?.error ?? "");
  return body;
}

function post(path, body = {}) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export const scene = () => ask("/demo/scene");
export const people = async () => {
  const found = await ask("/user/people");
  return Array.isArray(found) ? found : found.people;
};
export const chat = (uid) => ask(`/user/${uid}/chat?after=0&wait=0`);
export const start = (uid, payload) => post(`/user/${uid}/start`, payload ? { payload } : {});
export const write = (uid, text) => post(`/user/${uid}/messages`, { text });
export const tap = (uid, messageId, data) => post(`/user/${uid}/taps`, { message_id: messageId, data });
export const block = (uid) => post(`/user/${uid}/block`);
export const unblock = (uid) => post(`/user/${uid}/unblock`);
export const readClock = () => ask("/demo/clock");
export const moveClock = (move) => post("/demo/clock", move);

export function sendPhoto(uid, file) {
  const form = new FormData();
  form.append("photo", file, file.name);
  return ask(`/user/${uid}/messages`, { method: "POST", body: form });
}

/**
 * Listens for changes until the page closes. `onChange(uid)` may be called more often than needed; `onState(online)`
 * tells each time the stream opens or breaks, and after each opening everything should be read anew.
 */
export function listen(onChange, onState) {
  let wait = 500;
  const open = () => {
    const stream = new EventSource("/user/events");
    stream.onopen = () => {
      wait = 500;
      onState(true);
    };
    stream.onmessage = (event) => onChange(JSON.parse(event.data).uid);
    stream.onerror = () => {
      onState(false);
      // The browser itself tries again after a lost connection, but gives up after a refusal.
      if (stream.readyState !== EventSource.CLOSED) return;
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 8000);
    };
  };
  open();
}
