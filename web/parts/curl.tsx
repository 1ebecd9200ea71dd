// The same request for a shell: what a screen can do, a script can do.
import { icons } from "./icons";
import { say } from "./toasts";

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export function curl(path: string, body?: unknown): string {
  const lines = [`curl -sS ${quoted(location.origin + path)}`, `-H "authorization: Bearer $TOKEN"`];
  if (body !== undefined) {
    lines.push(`-H 'content-type: application/json'`, `-H 'prefer: wait=5'`, `-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ");
}

export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} is in the clipboard`);
  } catch {
    say("This browser keeps the clipboard to itself");
  }
}

export function CopyCurl({ path, body }: { path: string; body?: () => unknown }) {
  return (
    <button type="button" class="button small quiet" onClick={() => void copy(curl(path, body?.()), "The curl line")}>
      <span class="icon-s"><icons.copy /></span> curl
    </button>
  );
}
