// Small things that several screens show alike.
import type { ComponentChildren } from "preact";
import { shown, sign } from "./decimal";
import { icons } from "./icons";
import { stamp } from "./time";

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return <div class="empty"><h2>{title}</h2>{children}</div>;
}

export function Moment({ at }: { at: string }) {
  return <time dateTime={at} title={at}>{stamp(at)}</time>;
}

/** A quantity or an amount; a loss has its sign, not only a colour. */
export function Amount({ text, isColoured }: { text: string | null | undefined; isColoured?: boolean }) {
  if (text === null || text === undefined) return <span class="muted" title="no figure">–</span>;
  const kind = isColoured ? ["bad", "", "good"][sign(text) + 1] : "";
  const plus = isColoured && sign(text) > 0 ? "+" : "";
  return <span class={kind} title={text}>{plus}{shown(text)}</span>;
}

export function Side({ side }: { side: "BUY" | "SELL" }) {
  return <span class={side === "BUY" ? "buy" : "sell"}><b>{side === "BUY" ? "Buy" : "Sell"}</b></span>;
}

const STATES = {
  Absent: { kind: "", words: "not booked", Icon: icons.open },
  Booked: { kind: "", words: "Booked", Icon: icons.open },
  PartiallyFilled: { kind: "warn", words: "Partly filled", Icon: icons.part },
  Executed: { kind: "good", words: "Executed", Icon: icons.whole },
  Cancelled: { kind: "bad", words: "Cancelled", Icon: icons.cross },
} as const;

export const stateWords = (state: keyof typeof STATES): string => STATES[state].words;

export function State({ state }: { state: keyof typeof STATES }) {
  const { kind, words, Icon } = STATES[state];
  return <span class={`tag ${kind}`}><Icon />{words}</span>;
}

export function Filter({ name, label, value, onValue, list }: { name: string; label: string; value: string; onValue: (value: string) => void; list?: string }) {
  return (
    <input
      key={`${name}=${value}`}
      name={name}
      aria-label={label}
      placeholder={label}
      list={list}
      defaultValue={value}
      autocomplete="off"
      spellcheck={false}
      onChange={(event) => onValue(event.currentTarget.value.trim())}
    />
  );
}
