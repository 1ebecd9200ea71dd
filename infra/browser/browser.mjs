// A browser that does what it is told: a line of JSON in, a line of JSON out. What it cannot do is
// answered with `failed`. It ends with its input.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [library, executablePath] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(library));

// What a browser would do beside what it is told, and a sandbox that a container does not have.
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const browser = await chromium.launch({ executablePath, args });
const context = await browser.newContext();
context.setDefaultTimeout(20_000);
const page = await context.newPage();

const shown = async (status) => ({ address: page.url(), status, text: await page.locator('body').innerText() });

// A click on what leads to another page.
async function follow(element) {
  const [response] = await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), element.click()]);
  return shown(response?.status());
}

const told = {
  visit: async ({ address }) => shown((await page.goto(address))?.status()),
  click: ({ name }) => follow(page.getByRole('link', { name }).or(page.getByRole('button', { name })).first()),
  fill: async ({ fields }) => {
    for (const [name, value] of Object.entries(fields)) await page.locator(`input[name=${name}]`).fill(value);
    return {};
  },
  submit: () => follow(page.locator('[type=submit]').first()),
  // As a script of the page that is shown.
  fetch: ({ path, ...options }) => page.evaluate(async ([path, options]) => {
    const answer = await fetch(path, options);
    const text = await answer.text();
    let body = text;
    try { body = JSON.parse(text); } catch { /* no JSON */ }
    return { status: answer.status, body };
  }, [path, options]),
  cookies: async () => ({ cookies: await context.cookies(page.url()), seen: await page.evaluate(() => document.cookie) }),
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { act, ...how } = JSON.parse(line);
    answer = await told[act](how);
  } catch (error) {
    answer = { failed: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
