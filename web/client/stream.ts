// One live stream: opened, resumed behind the last frame, given up never.
import { signal } from "@preact/signals";
import { toSignIn } from "./http";

export type Link =
  | { state: "opening" }
  | { state: "live" }
  | { state: "stale"; since: number; why: string; retryAt: number };

export type Frame = { event: string; data: string };

/** A heartbeat comes every 15 s; a connection that is quiet for longer is dead. */
const QUIET_MAX_MS = 25_000;
const BACKOFF_MS = [250, 500, 1_000, 2_000, 5_000, 10_000];
/** Longest frame that is read, characters. */
const FRAME_MAX = 64 * 1024 * 1024;

export class Stream {
  readonly link = signal<Link>({ state: "opening" });
  private lastId = "";
  private tries = 0;
  private heardAt = Date.now();
  private readonly stop = new AbortController();

  /** `path` is `/v1/live?…`; `onFrame` gets every frame, `hello` and `reset` included. */
  constructor(
    private readonly path: string,
    private readonly onFrame: (frame: Frame) => void,
  ) {
    void this.run();
  }

  close(): void {
    this.stop.abort();
  }

  private async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      const why = await this.once();
      if (this.stop.signal.aborted) return;
      const wait = this.backoff();
      const before = this.link.value;
      const since = before.state === "stale" ? before.since : this.heardAt;
      this.link.value = { state: "stale", since, why, retryAt: Date.now() + wait };
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Not all browsers at once. */
  private backoff(): number {
    const wait = BACKOFF_MS[Math.min(this.tries, BACKOFF_MS.length - 1)] ?? 10_000;
    this.tries += 1;
    return wait * (0.75 + Math.random() / 2);
  }

  /** One connection until it ends, and why it did, in words. */
  private async once(): Promise<string> {
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, this.stop.signal]);
    const watch = setInterval(() => {
      if (Date.now() - this.heardAt > QUIET_MAX_MS) gone.abort();
    }, 1_000);
    try {
      this.heardAt = Math.max(this.heardAt, Date.now() - QUIET_MAX_MS / 2);
      const headers: HeadersInit = this.lastId ? { "last-event-id": this.lastId } : {};
      const answer = await fetch(this.path, { headers, signal });
      if (answer.status === 401) {
        toSignIn();
        return "the session is over";
      }
      if (!answer.ok || !answer.body) return await refused(answer);
      return await this.readAll(answer.body);
    } catch {
      return gone.signal.aborted ? "nothing came for too long" : "the platform does not answer";
    } finally {
      clearInterval(watch);
      gone.abort();
    }
  }

  private async readAll(body: ReadableStream<Uint8Array>): Promise<string> {
    const reader = body.pipeThrough(new TextDecoderStream() as never).getReader() as ReadableStreamDefaultReader<string>;
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "the connection was cut";
      this.heardAt = Date.now();
      text += value;
      let from = 0;
      for (let to = text.indexOf("\n\n", from); to >= 0; to = text.indexOf("\n\n", from)) {
        const end = this.take(text.slice(from, to));
        if (end) return end;
        from = to + 2;
      }
      text = text.slice(from);
      if (text.length > FRAME_MAX) return "a frame was too long";
    }
  }

  /** Takes one frame; says why, if it is the last. */
  private take(block: string): string | null {
    const frame = { event: "", data: "" };
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
      const name = line.slice(0, colon);
      if (name === "id") this.lastId = value;
      else if (name === "event") frame.event = value;
      else if (name === "data") frame.data += frame.data ? `\n${value}` : value;
    }
    if (frame.event === "end") return ended(frame.data);
    if (frame.event === "hello") {
      this.tries = 0;
      this.link.value = { state: "live" };
    }
    if (frame.event) this.onFrame(frame);
    return null;
  }
}

async function refused(answer: Response): Promise<string> {
  try {
    return ((await answer.json()) as { detail: string }).detail;
  } catch {
    return `the stream was refused, ${answer.status}`;
  }
}

function ended(data: string): string {
  const { reason } = JSON.parse(data) as { reason: string };
  if (reason === "slow") return "this browser did not keep up";
  if (reason === "token") return "the sign-in has expired";
  return "the server stops";
}
