// A desk to look at: the same one however often it is told, by commands that anybody could send.
import assert from "node:assert/strict";
import { ask, send } from "./browser.mjs";

export const TRADES = 120;
/** Commands under way at once. */
const AT_ONCE = 8;

const ACCOUNTS = ["ALPINE", "BOREAL", "CEDAR", "DELTA"];
const BOOKS = ["AGENCY", "PRINCIPAL"];
const PRICES = { IBM: 18150, AAPL: 23360, MSFT: 43030, XOM: 11050, KO: 6490, JPM: 24560 };
const INSTRUMENTS = Object.keys(PRICES);

const text = (cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
const moment = (second) => new Date(Date.UTC(2026, 0, 5, 15, 30, second)).toISOString();

function trade(number) {
  const instrument = INSTRUMENTS[number % INSTRUMENTS.length];
  return {
    trade_id: `T-${1000 + number}`,
    account: ACCOUNTS[number % ACCOUNTS.length],
    book: BOOKS[number % BOOKS.length],
    instrument,
    side: number % 7 < 4 ? "BUY" : "SELL",
    quantity: String(((number % 9) + 1) * 100),
    price: text(PRICES[instrument] + ((number * 37) % 120)),
    currency: "USD",
    traded_at: moment(number * 7),
  };
}

/** Booked, and most of them filled: some in part, one too much, some taken back. */
async function trades(page, number) {
  const terms = trade(number);
  const path = `/v1/trades/${terms.trade_id}`;
  await send(page, "/v1/trades", terms);
  const [isOpen, isPart, isOver] = [number % 5 === 0, number % 5 === 3, number === 117];
  if (number % 11 === 0) return send(page, `${path}/cancellations`, {});
  if (isOpen) return undefined;
  const fill = (count, quantity) => ({ exec_id: `E-${1000 + number}-${count}`, quantity: String(quantity), price: terms.price, fee: "0.35", traded_at: moment(number * 7 + count) });
  const whole = Number(terms.quantity);
  await send(page, `${path}/fills`, fill(1, isPart ? Math.max(100, whole / 2) : whole));
  return isOver ? send(page, `${path}/fills`, fill(2, 100)) : undefined;
}

export async function traded(page) {
  const known = await ask(page, "/v1/trades?limit=1");
  if (known.items.length > 0) return;
  for (let first = 1; first <= TRADES; first += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, at) => first + at);
    await Promise.all(numbers.map((number) => trades(page, number)));
  }
}

/** Three queues: one is served and full, one has room, and one that nobody serves. */
export async function staffed(page) {
  const known = await ask(page, "/v1/floor");
  if (known.agents.length > 0) return;
  const queues = { ann: ["FX-VIP", "EQ-DESK"], ben: ["FX-VIP"], cleo: ["EQ-DESK"], dan: ["FX-VIP"] };
  for (const queue_id of ["FX-VIP", "EQ-DESK", "RETAIL"]) await send(page, "/v1/queues", { queue_id });
  for (const [agent, served] of Object.entries(queues)) {
    await send(page, `/v1/agents/${agent}/sessions`, { session_id: `S-${agent}`, device: "web", channels: ["chat"] });
    await send(page, `/v1/agents/${agent}/capacity`, { channels: { chat: 1 } });
    await send(page, `/v1/agents/${agent}:add-queues`, { queues: served });
    await send(page, `/v1/agents/${agent}/presence`, { presence: agent === "dan" ? "away" : "available" });
  }
  for (const [at, queue] of ["FX-VIP", "FX-VIP", "FX-VIP", "FX-VIP", "EQ-DESK", "RETAIL", "RETAIL"].entries()) {
    const conversation_id = `V-${at + 1}`;
    await send(page, "/v1/conversations", { conversation_id, customer_id: `K-${at + 1}`, channel: "chat", intent: "quote" });
    await send(page, `/v1/conversations/${conversation_id}:enqueue`, { queue });
    if (at < 2) await accepted(page, conversation_id);
  }
}

/** By the agent whom the router asks, once it does. */
async function accepted(page, conversation) {
  for (let asked = 0; asked < 50; asked += 1) {
    const { offers } = await ask(page, "/v1/floor");
    const offer = offers.find(({ conversation_id }) => conversation_id === conversation);
    if (offer) return send(page, `/v1/conversations/${conversation}:accept-offer`, { offer_id: offer.offer_id });
    await page.waitForTimeout(100);
  }
  return assert.fail(`${conversation} is offered to nobody`);
}
