// Ctrl-K: any id, any screen, any switch.
import { useEffect, useRef, useState } from "preact/hooks";
import { signOut } from "../client/http";
import { isPaletteOpen, areKeysShown } from "./keys";
import { address } from "./place";
import { switchTheme, switchZone } from "./prefs";
import { may, screens } from "./session";

type Entry = { text: string; kind: string; run: () => void };
const goes = (screen: string, params: Record<string, string> = {}) => () => (location.hash = address(screen, params));

const SPOTS: Entry[] = [
  { text: "Dark or light", kind: "switch", run: switchTheme },
  { text: "Local time or UTC", kind: "switch", run: switchZone },
  { text: "Keys", kind: "help", run: () => (areKeysShown.value = true) },
  { text: "API explorer", kind: "page", run: () => location.assign("/explorer/") },
  { text: "Sign out", kind: "session", run: () => void signOut() },
];

/** What a text can be the id of. */
function byId(text: string): Entry[] {
  const found: Entry[] = [];
  const parts = text.split("/");
  const [account = "", book = "", ...instrument] = parts;
  if (may("positions:read") && parts.length >= 3 && parts.every(Boolean)) {
    const position = { position: `${account}/${book}/${instrument.join("/")}` };
    found.push({ text: `Position ${text}`, kind: "account/book/instrument", run: goes("positions", position) });
  }
  if (!may("trades:read") || text.includes("/")) return found;
  return [
    ...found,
    { text: `Trade ${text}`, kind: "trade id", run: goes("blotter", { trade: text }) },
    { text: `Trades of account ${text}`, kind: "account", run: goes("blotter", { account: text }) },
    { text: `Trades in ${text}`, kind: "instrument", run: goes("blotter", { instrument: text }) },
  ];
}

function entries(asked: string): Entry[] {
  const places: Entry[] = screens.value.map(({ id, name }) => ({ text: name, kind: "screen", run: goes(id) }));
  if (may("trades:book")) places.push({ text: "Book a trade", kind: "command", run: goes("blotter", { form: "book" }) });
  const text = asked.trim();
  const named = [...places, ...SPOTS].filter((entry) => entry.text.toLowerCase().includes(text.toLowerCase()));
  return text ? [...named, ...byId(text)] : named;
}

export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  const isOpen = isPaletteOpen.value;
  useEffect(() => {
    setAsked("");
    setAt(0);
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const found = isOpen ? entries(asked) : [];
  const close = () => (isPaletteOpen.value = false);
  const choose = (entry: Entry | undefined) => {
    close();
    entry?.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setAt((at + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} class="palette" aria-label="Jump to" onClose={close}>
      <input
        role="combobox"
        aria-label="An id, a screen or a command"
        aria-expanded={isOpen}
        aria-controls="palette-list"
        aria-activedescendant={found[at] ? `palette-${at}` : undefined}
        placeholder="An id, account/book/instrument, a screen …"
        autocomplete="off"
        spellcheck={false}
        value={asked}
        onInput={(event) => {
          setAsked(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" role="listbox" aria-label="What it can be">
        {found.map((entry, index) => (
          <li
            key={entry.text}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            onMouseMove={() => setAt(index)}
            onClick={() => choose(entry)}
          >
            {entry.text}
            <span class="kind">{entry.kind}</span>
          </li>
        ))}
      </ul>
    </dialog>
  );
}
