// Where a person is: the address has all of it, so that it can be sent to somebody else.
import { signal } from "@preact/signals";

export type Place = { screen: string; params: URLSearchParams };

function here(): Place {
  const [screen = "", asked = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { screen, params: new URLSearchParams(asked) };
}

export const place = signal<Place>(here());
addEventListener("hashchange", () => (place.value = here()));

export function address(screen: string, params: Record<string, string> | URLSearchParams = {}): string {
  const asked = new URLSearchParams(params).toString();
  return `#/${screen}${asked ? `?${asked}` : ""}`;
}

/** Changes some of the parameters of this screen; an empty one goes. A step back undoes it. */
export function change(changes: Record<string, string | null>, keepsHistory = true): void {
  const params = new URLSearchParams(place.value.params);
  for (const [name, value] of Object.entries(changes)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const to = address(place.value.screen, params);
  if (keepsHistory) history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  place.value = here();
}

export const param = (name: string): string => place.value.params.get(name) ?? "";
