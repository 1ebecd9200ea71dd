// Every screen in both themes: what an accessibility checker finds, how many rows of a long table are
// elements, and, with PICTURES=folder, how it looks.
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { ask, open, sees, send, signIn, story } from "./browser.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const TRADES = 120;
/** Rows in sight of 900 pixels, and the spare ones beyond the edges. */
const ELEMENTS_MAX = 60;

const SPOTS = [
  { name: "blotter", who: "trader", at: "blotter", shows: "trades" },
  { name: "blotter-trade", who: "trader", at: "blotter?trade=T-LOOKS-1", shows: "E-LOOKS-1" },
  { name: "blotter-book", who: "trader", at: "blotter?form=book", shows: "Traded at" },
  { name: "blotter-bust", who: "trader", at: "blotter?trade=T-LOOKS-1&form=bust&exec=E-LOOKS-1", shows: "never were" },
  { name: "blotter-nothing", who: "trader", at: "blotter?account=NOBODY", shows: "No trade is within" },
  { name: "positions", who: "trader", at: "positions", shows: "Realised net" },
  { name: "positions-lots", who: "trader", at: "positions?position=ACC-LOOKS%2FAGENCY%2FLOOKS&method=LIFO&mark=182.5", shows: "Unrealised at" },
  { name: "floor", who: "supervisor", at: "floor", shows: "Who waits" },
];

/** By the checker, anywhere. */
const found = [];

for (const theme of ["dark", "light"]) {
  for (const who of ["trader", "supervisor"]) {
    await story(
      async (page) => {
        await signIn(page, who);
        await (who === "trader" ? trades(page) : floor(page));
        for (const spot of SPOTS.filter((spot) => spot.who === who)) await look(page, theme, spot);
        await dialogs(page, theme);
      },
      { theme },
    );
  }
}

assert.deepEqual(found, []);

async function look(page, theme, { name, at, shows }) {
  await open(page, at);
  await sees(page, shows, page.locator("main"));
  await settled(page);
  await accessible(page, `${name}, ${theme}`);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}-${theme}.png` });
  const rows = await page.locator("tr.row").count();
  assert.ok(rows <= ELEMENTS_MAX, `${rows} rows are elements`);
}

/** Until no list is being read any more. */
async function settled(page) {
  await page.waitForFunction(() => !document.querySelector(".head .sub")?.textContent?.includes("reading"));
}

async function dialogs(page, theme) {
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "An id" }).fill("T-LOOKS-1");
  await accessible(page, `palette, ${theme}`);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Keys" }).click();
  await sees(page, "Jump to an id or a screen");
  await accessible(page, `keys, ${theme}`);
  await page.keyboard.press("Escape");
}

async function accessible(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  for (const { id, help, nodes } of violations) {
    found.push(`${where}: ${id}: ${help}: ${nodes.map(({ html }) => html).slice(0, 3).join(" ")}`);
  }
}

/** Enough that not every row is in sight, one of them with a fill; the same ones however often it is told. */
async function trades(page) {
  const known = await ask(page, "/v1/trades?account=ACC-LOOKS&limit=1");
  if (known.items.length > 0) return;
  const trade = (id) => ({ trade_id: id, account: "ACC-LOOKS", book: "AGENCY", instrument: "LOOKS", side: "BUY", quantity: "300", price: "181.52", currency: "USD", traded_at: "2026-01-05T15:30:00Z" });
  for (let first = 1; first <= TRADES; first += 8) {
    const ids = Array.from({ length: 8 }, (_, at) => `T-LOOKS-${first + at}`);
    await Promise.all(ids.map((id) => send(page, "/v1/trades", trade(id))));
  }
  await send(page, "/v1/trades/T-LOOKS-1/fills", { exec_id: "E-LOOKS-1", quantity: "200", price: "181.5", fee: "0.7", traded_at: "2026-01-05T15:30:01Z" });
}

/** Two queues, of which one is served by an agent at lunch, and customers who wait. */
async function floor(page) {
  await send(page, "/v1/queues", { queue_id: "FX-VIP" });
  const known = await ask(page, "/v1/floor");
  if (known.agents.length > 0) return;
  for (const [agent, presence] of [["ann", "available"], ["ben", "away"], ["cleo", "available"]]) {
    await send(page, `/v1/agents/${agent}/sessions`, { session_id: `S-${agent}`, device: "web", channels: ["chat"] });
    await send(page, `/v1/agents/${agent}/capacity`, { channels: { chat: 2 } });
    await send(page, `/v1/agents/${agent}:add-queues`, { queues: agent === "cleo" ? ["EQ-DESK"] : ["FX-VIP"] });
    await send(page, `/v1/agents/${agent}/presence`, { presence });
  }
  await send(page, "/v1/queues", { queue_id: "EQ-DESK" });
  await send(page, "/v1/queues", { queue_id: "RETAIL" });
  for (const [at, queue] of ["FX-VIP", "FX-VIP", "FX-VIP", "FX-VIP", "EQ-DESK", "RETAIL", "RETAIL"].entries()) {
    await send(page, "/v1/conversations", { conversation_id: `V-${at + 1}`, customer_id: `K-${at + 1}`, channel: "chat", intent: "quote" });
    await send(page, `/v1/conversations/V-${at + 1}:enqueue`, { queue });
  }
}
