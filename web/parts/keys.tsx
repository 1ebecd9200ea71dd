// Keys: one table, which `?` shows and the page obeys.
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { address, place } from "./place";
import { prefer, prefs, switchTheme, switchZone } from "./prefs";
import { screens } from "./session";

export const isPaletteOpen = signal(false);
export const areKeysShown = signal(false);

type Binding = { key: string; does: string; run: () => void };
/** Of the screen that is shown. */
export const screenKeys = signal<Binding[]>([]);

const own: Binding[] = [
  { key: "?", does: "Show this list", run: () => (areKeysShown.value = true) },
  { key: "t", does: "Dark or light", run: switchTheme },
  { key: "u", does: "Local time or UTC", run: switchZone },
];

export function useKeys(bindings: Binding[]): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    screenKeys.value = latest.current.map(({ key, does }, at) => ({ key, does, run: () => latest.current[at]?.run() }));
    return () => (screenKeys.value = []);
  }, []);
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null;

let goesTo = 0;

function onKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    isPaletteOpen.value = true;
    return;
  }
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isPlain || !prefs.value.keys || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "g") {
    goesTo = Date.now();
    return;
  }
  const screen = Date.now() - goesTo < 1_500 && screens.value.find(({ key }) => key === event.key);
  goesTo = 0;
  if (screen) {
    event.preventDefault();
    location.hash = address(screen.id);
    return;
  }
  const binding = [...screenKeys.value, ...own].find(({ key }) => key === event.key);
  if (!binding) return;
  event.preventDefault();
  binding.run();
}
addEventListener("keydown", onKey);

export function KeyList() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = areKeysShown.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const jumps = screens.value.map(({ key, name }) => ({ keys: ["g", key], does: `Go to ${name}` }));
  const plain = [...screenKeys.value, ...own].map(({ key, does }) => ({ keys: [key], does }));
  const all = [{ keys: ["Ctrl", "K"], does: "Jump to an id or a screen" }, ...jumps, ...plain];
  return (
    <dialog ref={dialog} class="keys" aria-labelledby="keys-title" onClose={() => (areKeysShown.value = false)}>
      <h2 id="keys-title">Keys on {place.value.screen || "this screen"}</h2>
      <dl>
        {all.map(({ keys, does }) => (
          <>
            <dt>{keys.map((key) => <kbd key={key}>{key === "Escape" ? "Esc" : key}</kbd>)}</dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
      <div class="row">
        <label>
          <input type="checkbox" checked={prefs.value.keys} onChange={(event) => prefer({ keys: event.currentTarget.checked })} /> Single keys are on
        </label>
        <a href="/assets/licences.txt">Licences</a>
        <button class="button" type="button" onClick={() => (areKeysShown.value = false)}>Close</button>
      </div>
    </dialog>
  );
}
