// A real browser for a story, and what has to hold in every one: nothing goes wrong in the console, and
// nobody but the platform is asked for anything.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
/** Longest wait for what a story expects to see, milliseconds. */
const WAIT_MS = 20_000;
/** How much of the page is said when a story fails, characters. */
const SHOWN_MAX = 3_000;

export const url = process.argv[2];

/** Tells a story to a browser of its own, `at` the platform or a way to it. */
export async function story(tell, { theme = "dark", at = url } = {}) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS.split(" ") });
  const context = await browser.newContext({ baseURL: at, colorScheme: theme, viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", timezoneId: "America/New_York" });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const faults = [];
  /**
   * What the story provokes: a refusal is a line in the console of a browser, too. Who is not signed in is told so,
   * and a command that a busy machine did not take is sent again.
   */
  const expected = [/401 \(Unauthorized\)/, /503 \(Service Unavailable\)/];
  page.on("pageerror", (error) => faults.push(`error: ${error.stack}`));
  page.on("console", (line) => {
    if (!["error", "warning"].includes(line.type())) return;
    if (!expected.some((pattern) => pattern.test(line.text()))) faults.push(`console: ${line.text()}`);
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(at).origin) faults.push(`asked another: ${request.url()}`);
  });
  try {
    await tell(page, { expect: (pattern) => expected.push(pattern) });
    assert.deepEqual(faults, []);
  } catch (error) {
    const text = await page.locator("body").innerText().catch(() => "");
    console.error(`at ${page.url()}; ${faults.join("; ")}\n${text.slice(0, SHOWN_MAX)}`);
    throw error;
  } finally {
    await browser.close();
  }
}

/** Signs in with keys alone, wherever that is asked for. */
export async function signIn(page, name, to = "/") {
  await page.goto(to);
  await page.waitForURL(/\/signin/);
  const button = page.locator(`button[value="${name}"]`);
  await button.waitFor();
  await tabTo(page, button);
  await page.keyboard.press("Enter");
  await page.locator(".header").waitFor();
}

/** Presses Tab until it is there. */
export async function tabTo(page, target, most = 80) {
  for (let pressed = 0; pressed < most; pressed += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${target} is not reached by ${most} tabs`);
}

/** Opens what stands behind the `#` of the address. */
export async function open(page, place) {
  await page.evaluate((place) => (location.hash = place), place);
}

/** How often a command is sent that may be sent again. */
const SENT_MAX = 20;

/** A command in the name of who is signed in, as a page sends it: under one key, until it has its answer. */
export async function send(page, path, body) {
  const key = crypto.randomUUID();
  for (let sent = 1; ; sent += 1) {
    const answer = await sendOnce(page, path, body, key);
    if ([200, 201].includes(answer.status)) return JSON.parse(answer.text);
    const again = sent < SENT_MAX && (answer.status === 202 || JSON.parse(answer.text).retryable);
    assert.ok(again, `${path}: ${answer.status} ${answer.text}`);
    await page.waitForTimeout(500);
  }
}

const sendOnce = (page, path, body, key) =>
  page.evaluate(
    async ([path, body, key]) => {
      const session = await (await fetch("/v1/session")).json();
      const headers = { "content-type": "application/json", "x-csrf-token": session.csrf_token, "idempotency-key": key, prefer: "wait=10" };
      const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: answer.status, text: await answer.text() };
    },
    [path, body, key],
  );

/** What the platform answers to who is signed in. */
export const ask = (page, path) => page.evaluate(async (path) => (await fetch(path)).json(), path);

/** Waits until the text is there. */
export const sees = (page, text, within = page.locator("body")) => within.getByText(text).first().waitFor();
