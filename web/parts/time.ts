// Moments, in the zone that the switch says.
import { signal } from "@preact/signals";
import { prefs } from "./prefs";

/** Moves once a second. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1_000);

const PARTS: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};
const formats = {
  utc: new Intl.DateTimeFormat("en-GB", { ...PARTS, timeZone: "UTC" }),
  local: new Intl.DateTimeFormat("en-GB", PARTS),
};

export function zoneName(): string {
  return prefs.value.zone === "utc" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function parts(moment: number): Record<string, string> {
  const parts = formats[prefs.value.zone].formatToParts(moment);
  return Object.fromEntries(parts.map(({ type, value }) => [type, value]));
}

/** `2026-01-05 14:30:02`. */
export function stamp(moment: string | number): string {
  const at = typeof moment === "number" ? moment : Date.parse(moment);
  const { year, month, day } = parts(at);
  return `${year}-${month}-${day} ${clock(at)}`;
}

/** `14:30:02`. */
export function clock(moment: string | number): string {
  const at = typeof moment === "number" ? moment : Date.parse(moment);
  const { hour, minute, second } = parts(at);
  return `${hour}:${minute}:${second}`;
}

/** `5 s`, `3 min 05 s`, `2 h 04 min`. */
export function span(milliseconds: number): string {
  const s = Math.max(0, Math.floor(milliseconds / 1_000));
  if (s < 60) return `${s} s`;
  const [m, two] = [Math.floor(s / 60), (n: number) => String(n).padStart(2, "0")];
  if (m < 60) return `${m} min ${two(s % 60)} s`;
  return `${Math.floor(m / 60)} h ${two(m % 60)} min`;
}

/** A text that orders as the moment does: `…00.2Z` before `…00.25Z`. */
export function order(moment: string): string {
  return moment.replace("Z", "");
}

/** What an input of kind `datetime-local` says, as a moment. */
export function fromInput(text: string): string | null {
  const at = Date.parse(prefs.value.zone === "utc" ? `${text}Z` : text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

export function toInput(moment: string): string {
  return stamp(moment).replace(" ", "T");
}
