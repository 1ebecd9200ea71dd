// Requests to the platform: reads, and commands that are sent once however often they are tried.
import type { Accepted, CommandReport, Place, Problem, Session } from "./shapes";

/** A refusal, in the platform's own words. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
  get code(): string {
    return this.problem.code;
  }
  get places(): Place[] {
    return this.problem.errors ?? [];
  }
}

/** The platform did not answer. */
export class Unreachable extends Error {
  constructor() {
    super("the platform does not answer");
  }
}

export type Answer<T> = { value: T; degraded: string | null; age: number };

let csrf = "";

/** Who is signed in; sends to the sign-in page when nobody is. */
export async function readSession(): Promise<Session> {
  const { value } = await read<Session>("/v1/session");
  csrf = value.csrf_token ?? "";
  return value;
}

/** Signs in and comes back to the very same place. */
export function toSignIn(): void {
  const here = location.pathname + location.hash;
  location.assign(`/signin?to=${encodeURIComponent(here)}`);
}

export async function signOut(): Promise<void> {
  await answered("/v1/session:end", { method: "POST", headers: { "x-csrf-token": csrf } });
  location.assign("/signin?to=/");
}

export async function read<T>(path: string, signal?: AbortSignal): Promise<Answer<T>> {
  const answer = await answered(path, signal ? { signal } : {});
  return {
    value: (await answer.json()) as T,
    degraded: answer.headers.get("x-degraded"),
    age: Number(answer.headers.get("age") ?? 0),
  };
}

/** Longest time that a command's sender waits for its outcome, seconds. */
const WAIT_S = 10;
/** How often an outcome that was not there in time is asked for. */
const ASKS_MAX = 30;

/** Sends a command; resolves with its outcome once the platform says that it is decided. */
export async function command(path: string, body: unknown, key: string): Promise<Accepted> {
  const answer = await answered(path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "idempotency-key": key,
      prefer: `wait=${WAIT_S}`,
      "x-csrf-token": csrf,
    },
    body: JSON.stringify(body),
  });
  const report = (await answer.json()) as Accepted;
  return answer.status === 202 ? outcome(report.command_id) : report;
}

/** The outcome of a command that was durable before it was decided. */
async function outcome(id: string): Promise<Accepted> {
  for (let asked = 0; asked < ASKS_MAX; asked += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    try {
      const { value } = await read<CommandReport>(`/v1/commands/${encodeURIComponent(id)}`);
      if (value.status === "accepted") return value;
      if (value.status === "rejected") throw new Refusal(rejection(value));
    } catch (error) {
      if (!(error instanceof Refusal) || error.problem.status !== 404) throw error;
    }
  }
  throw new Error(`The command is safe in the log, and not decided yet: look at /v1/commands/${id}`);
}

function rejection(report: Extract<CommandReport, { status: "rejected" }>): Problem {
  const { code, http_status, detail } = report;
  return { type: `/docs/errors/${code}`, title: code, status: http_status, code, detail, retryable: false };
}

/** A key that no other command has. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function answered(path: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (answer.ok) return answer;
  if (answer.status === 401) toSignIn();
  throw new Refusal(await problemOf(answer));
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    return (await answer.json()) as Problem;
  } catch {
    const detail = `the answer is ${answer.status} and says nothing more`;
    return { type: "", title: "", status: answer.status, code: "UNKNOWN", detail, retryable: false };
  }
}

/** What went wrong, for a person. */
export function words(error: unknown): string {
  if (error instanceof Refusal) return `${sentence(error.problem.detail)} (${error.code})`;
  return sentence(error instanceof Error ? error.message : String(error));
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
