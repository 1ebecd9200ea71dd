// A list that stays true: read once, then kept by the live stream (docs/live.md, "A screen that misses nothing").
import { signal } from "@preact/signals";
import { read, words } from "./http";
import { type Frame, Stream } from "./stream";

export type Versioned = { version: number };

/** A row keeps its identity while its value changes. */
export type Row<T> = { readonly key: string; value: T; changedAt: number };

export type Loading =
  | { state: "reading"; read: number }
  | { state: "whole" }
  | { state: "cut"; max: number }
  | { state: "failed"; why: string };

type Options<T> = {
  /** The list, such as `/v1/trades`, and the view's name in the stream. */
  list: string;
  view: string;
  filters: URLSearchParams;
  key: (value: T) => string;
  /** Whether a value is within the filters; one that ceases to be is told once more. */
  fits: (value: T) => boolean;
};

type Page<T> = { items: T[]; next: string | null; whole: boolean };

/** Rows that are kept, so that a tab can stay open for a day. */
export const ROWS_MAX = 20_000;
const PAGE = 200;
const AGAIN_MS = 1_000;
/** Changes are shown together, this often at most. */
const SHOWN_EVERY_MS = 100;

export class Collection<T extends Versioned> {
  readonly loading = signal<Loading>({ state: "reading", read: 0 });
  /** Moves whenever rows have changed. */
  readonly changes = signal(0);
  /** What answered in place of the store that should have. */
  readonly degraded = signal<string | null>(null);
  readonly stream: Stream;
  readonly rows = new Map<string, Row<T>>();
  /** Versions of values that do not fit, so that an older page does not bring them back. */
  private readonly out = new Map<string, number>();
  /** Rows that are new, have changed or are gone since they were last taken. */
  private touched = new Set<Row<T>>();
  private reading = new AbortController();
  private pending = false;

  constructor(private readonly options: Options<T>) {
    const asked = new URLSearchParams(options.filters);
    asked.append("view", options.view);
    this.stream = new Stream(`/v1/live?${asked}`, (frame) => this.take(frame));
  }

  /** Rows whose place may be another now; to be asked by the one who shows them. */
  takeTouched(): ReadonlySet<Row<T>> {
    const { touched } = this;
    this.touched = new Set();
    return touched;
  }

  close(): void {
    this.stream.close();
    this.reading.abort();
  }

  private take({ event, data }: Frame): void {
    if (event === "hello") {
      const { resumed } = JSON.parse(data) as { resumed: boolean };
      if (!resumed) this.readAgain();
    } else if (event === "reset") {
      this.readAgain();
    } else if (event === this.options.view) {
      this.put(JSON.parse(data) as T, Date.now());
    }
  }

  private readAgain(): void {
    this.reading.abort();
    this.reading = new AbortController();
    void this.readAll(this.reading.signal);
  }

  /** Reads every page; from the beginning when one may be too old. What is known stays on the screen. */
  private async readAll(stop: AbortSignal): Promise<void> {
    for (;;) {
      this.loading.value = { state: "reading", read: this.rows.size };
      try {
        if (await this.readPages(stop)) return;
      } catch (error) {
        if (stop.aborted) return;
        this.loading.value = { state: "failed", why: words(error) };
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      if (stop.aborted) return;
    }
  }

  private async readPages(stop: AbortSignal): Promise<boolean> {
    const seen = new Set<string>();
    const began = Date.now();
    let cursor: string | null = null;
    do {
      const asked = new URLSearchParams(this.options.filters);
      asked.set("limit", String(PAGE));
      if (cursor) asked.set("cursor", cursor);
      const page: { value: Page<T>; degraded: string | null } = await read<Page<T>>(`${this.options.list}?${asked}`, stop);
      if (stop.aborted) return true;
      this.degraded.value = page.degraded;
      for (const value of page.value.items) {
        seen.add(this.options.key(value));
        this.put(value, 0);
      }
      if (!page.value.whole || page.degraded) return false;
      this.loading.value = { state: "reading", read: this.rows.size };
      cursor = page.value.next;
      if (cursor && seen.size >= ROWS_MAX) {
        this.loading.value = { state: "cut", max: ROWS_MAX };
        return true;
      }
    } while (cursor);
    this.loading.value = { state: "whole" };
    this.drop(seen, began);
    return true;
  }

  /** What a whole list no longer has is out of this person's sight, unless the stream has told it meanwhile. */
  private drop(seen: ReadonlySet<string>, began: number): void {
    for (const [key, row] of this.rows) {
      if (!seen.has(key) && row.changedAt < began) this.remove(row);
    }
    this.show();
  }

  private put(value: T, changedAt: number): void {
    const key = this.options.key(value);
    const row = this.rows.get(key);
    const known = row?.value.version ?? this.out.get(key) ?? -1;
    if (known >= value.version) return;
    if (!this.options.fits(value)) {
      if (row) this.remove(row);
      if (this.out.size < ROWS_MAX) this.out.set(key, value.version);
    } else if (row) {
      row.value = value;
      row.changedAt = changedAt;
      this.touched.add(row);
    } else {
      this.out.delete(key);
      const added = { key, value, changedAt };
      this.rows.set(key, added);
      this.touched.add(added);
      this.forget();
    }
    this.show();
  }

  private remove(row: Row<T>): void {
    this.rows.delete(row.key);
    this.touched.add(row);
  }

  /** The row that was added first makes room. */
  private forget(): void {
    if (this.rows.size <= ROWS_MAX) return;
    const [oldest] = this.rows.values();
    if (oldest) this.remove(oldest);
    this.loading.value = { state: "cut", max: ROWS_MAX };
  }

  private show(): void {
    if (this.pending) return;
    this.pending = true;
    setTimeout(() => {
      this.pending = false;
      this.changes.value += 1;
    }, SHOWN_EVERY_MS);
  }
}
