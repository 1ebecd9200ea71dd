// What the header says about the connection, and what a screen says while it is away.
import { signal } from "@preact/signals";
import type { Link } from "../client/stream";
import { sentence } from "../client/http";
import { clock, now } from "./time";

type Told = { link: Link; degraded: string | null };

/** Of the streams that the present screen shows; the worst of them counts. */
export const streams = signal<ReadonlyArray<() => Told>>([]);

/** Adds a stream while its screen is there. */
export function tells(told: () => Told): () => void {
  streams.value = [...streams.value, told];
  return () => (streams.value = streams.value.filter((other) => other !== told));
}

export type Truth = { kind: "live" | "opening" | "stale" | "older" | "none"; words: string };

export function truth(): Truth {
  const told = streams.value.map((tell) => tell());
  for (const { link } of told) {
    if (link.state !== "stale") continue;
    const seconds = Math.ceil((link.retryAt - now.value) / 1_000);
    const next = seconds > 0 ? `, trying again in ${seconds} s` : ", trying again";
    return { kind: "stale", words: `stale since ${clock(link.since)} – ${link.why}${next}` };
  }
  if (told.some(({ link }) => link.state === "opening")) return { kind: "opening", words: "connecting" };
  const older = told.find(({ degraded }) => degraded);
  if (older) return { kind: "older", words: `live – lists come from another store: ${older.degraded}` };
  return told.length > 0 ? { kind: "live", words: "live" } : { kind: "none", words: "nothing to watch here" };
}

export function TruthBadge() {
  const { kind, words } = truth();
  return (
    <div class={`truth ${kind}`} role="status">
      <span class="unseen">Connection: </span>
      <span title={words}>{words}</span>
    </div>
  );
}

/** Above figures that may be old. */
export function StaleNote() {
  const { kind, words } = truth();
  if (kind !== "stale") return null;
  return (
    <p class="note warn asof">
      <span>{sentence(words)}. What is shown here is as of then; it goes on by itself.</span>
    </p>
  );
}
