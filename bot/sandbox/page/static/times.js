// Dates and times as people in Korea read them; every instant is shown in Asia/Seoul.

import { currentLanguage } from "./words.js";

const ZONE = "Asia/Seoul";
const formats = new Map();

function format(name, options) {
  const locale = currentLanguage() === "ko" ? "ko-KR" : "en-GB";
  const key = `${locale} ${name}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { timeZone: ZONE, ...options }));
  return formats.get(key);
}

/** Reads Unix seconds or an ISO text. */
export function instant(value) {
  return new Date(typeof value === "number" ? value * 1000 : value);
}

/** 14:05 */
export function timeOfDay(value) {
  return format("time", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(instant(value));
}

/** 11월 23일 월요일 */
export function dayName(value) {
  return format("day", { month: "long", day: "numeric", weekday: "long" }).format(instant(value));
}

/** 2026년 11월 23일 (월) */
export function fullDate(value) {
  const day = format("date", { year: "numeric", month: "long", day: "numeric" }).format(instant(value));
  return `${day} (${weekday(value)})`;
}

function weekday(value) {
  return format("weekday", { weekday: "short" }).format(instant(value));
}

/** 12월 1일 (화) 09:00 */
export function shortMoment(value) {
  const day = format("short", { month: "short", day: "numeric" }).format(instant(value));
  return `${day} (${weekday(value)}) ${timeOfDay(value)}`;
}

/** Two instants with the same key are on the same day in Seoul. */
export function dayKey(value) {
  return wallClock(value).slice(0, 10);
}

/** 2026-11-23T14:05, what a date-time field holds. */
export function wallClock(value) {
  return new Date(instant(value).getTime() + 9 * 3600 * 1000).toISOString().slice(0, 16);
}

/** The instant of a date-time field's value, as ISO text; Seoul has no summer time. */
export function fromWallClock(text) {
  return `${text}:00+09:00`;
}
