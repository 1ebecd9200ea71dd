import { signal } from "@preact/signals";

type Toast = { id: number; text: string };
const toasts = signal<Toast[]>([]);
const SHOWN_MS = 6_000;
const SHOWN_MAX = 4;
let next = 0;

/** Says what the platform has said. */
export function say(text: string): void {
  const toast = { id: next++, text };
  toasts.value = [...toasts.value, toast].slice(-SHOWN_MAX);
  setTimeout(() => (toasts.value = toasts.value.filter(({ id }) => id !== toast.id)), SHOWN_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text }) => (
        <div class="toast" key={id}>{text}</div>
      ))}
    </div>
  );
}
