// Questions that are watched: the newest answer to each, and how old it is.
import { signal } from "@preact/signals";
import { Stream } from "./stream";

export type Told<T> = { answer: T; at: number };
type Frame = { question: string; age_s: number; answer?: unknown; code?: string; detail?: string };

export class Answers {
  readonly told = signal<ReadonlyMap<string, Told<unknown>>>(new Map());
  readonly refused = signal<ReadonlyMap<string, string>>(new Map());
  readonly stream: Stream;

  constructor(questions: string[]) {
    const asked = questions.map((question) => `question=${encodeURIComponent(question)}`);
    this.stream = new Stream(`/v1/live?${asked.join("&")}`, ({ event, data }) => {
      if (event === "answer") this.take(JSON.parse(data) as Frame);
    });
  }

  get<T>(question: string): Told<T> | undefined {
    return this.told.value.get(question) as Told<T> | undefined;
  }

  close(): void {
    this.stream.close();
  }

  private take(frame: Frame): void {
    const { question, age_s, answer } = frame;
    if (answer === undefined) {
      this.refused.value = new Map(this.refused.value).set(question, frame.detail ?? "it has no answer");
      return;
    }
    if (this.refused.value.has(question)) {
      const refused = new Map(this.refused.value);
      refused.delete(question);
      this.refused.value = refused;
    }
    this.told.value = new Map(this.told.value).set(question, { answer, at: Date.now() - age_s * 1_000 });
  }
}
