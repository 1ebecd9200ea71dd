// What a person has chosen for this browser.
import { effect, signal } from "@preact/signals";

export type Prefs = { theme: "dark" | "light"; zone: "local" | "utc"; keys: boolean };

const NAME = "dealerboard";
const light = matchMedia("(prefers-color-scheme: light)").matches;
const DEFAULTS: Prefs = { theme: light ? "light" : "dark", zone: "local", keys: true };

function kept(): Partial<Prefs> {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? "{}") as Partial<Prefs>;
  } catch {
    return {};
  }
}

export const prefs = signal<Prefs>({ ...DEFAULTS, ...kept() });

effect(() => {
  document.documentElement.dataset["theme"] = prefs.value.theme;
});

export function prefer(change: Partial<Prefs>): void {
  prefs.value = { ...prefs.value, ...change };
  try {
    localStorage.setItem(NAME, JSON.stringify(prefs.value));
  } catch {
    // A browser that keeps nothing shows the choice until it is closed.
  }
}

export const switchTheme = () => prefer({ theme: prefs.value.theme === "dark" ? "light" : "dark" });
export const switchZone = () => prefer({ zone: prefs.value.zone === "utc" ? "local" : "utc" });
