// Dealer: sells by keyboard, sees the position and its profit under two methods, and cannot bust alone.
// The position was long before: 100 at 10, then 100 at 20.
import assert from "node:assert/strict";
import { ask, open, sees, signIn, story, tabTo } from "./browser.mjs";

const TRADE = "T-STORY";
const POSITION = "positions?position=ACC-STORY%2FAGENCY%2FSTORY";
const drawer = (page) => page.locator(".drawer");

await story(async (page, { expect }) => {
  await signIn(page, "trader");
  await sees(page, "live", page.locator(".truth"));
  assert.equal(await page.getByRole("link", { name: "Floor" }).count(), 0, "a dealer has no floor");
  await refusedAtItsFields(page, expect);
  await books(page);
  await fills(page);
  await seesProfit(page);
  await cannotBustAlone(page, expect);
  await tabTo(page, page.getByRole("button", { name: "Sign out" }));
  await page.keyboard.press("Enter");
  await signInAgain(page, "admin");
  await busts(page);
});

async function refusedAtItsFields(page, expect) {
  expect(/400 \(Bad Request\)/);
  await page.keyboard.press("n");
  const account = page.getByLabel("Account", { exact: true }).and(page.locator("#field-account"));
  await account.waitFor();
  assert.equal(await account.evaluate((field) => field === document.activeElement), true);
  await page.keyboard.press("Enter");
  await sees(page, "BODY_MALFORMED", drawer(page));
  for (const field of ["account", "book", "instrument", "quantity", "price"]) {
    assert.equal(await page.locator(`#field-${field}`).getAttribute("aria-invalid"), "true", field);
    assert.equal(await page.locator(`#field-${field}-said`).innerText(), "Is missing");
  }
}

async function books(page) {
  await type(page, "trade_id", TRADE);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("input[value=SELL]").isChecked(), true);
  await type(page, "account", "ACC-STORY");
  await type(page, "book", "AGENCY");
  await type(page, "instrument", "STORY");
  await type(page, "quantity", "100");
  await type(page, "price", "30.5");
  await page.keyboard.press("Enter");
  await sees(page, `${TRADE} is booked, version 1`);
  await sees(page, "Booked", page.locator("tr.row", { hasText: TRADE }));
}

/** Into a field that is reached by keys, in place of what is in it. */
async function type(page, field, text) {
  await tabTo(page, page.locator(`#field-${field}`));
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
}

async function fills(page) {
  await tabTo(page, drawer(page).getByRole("button", { name: "Record a fill" }));
  await page.keyboard.press("Enter");
  await type(page, "exec_id", "E-STORY");
  await type(page, "price", "30");
  await page.keyboard.press("Enter");
  await sees(page, "E-STORY is recorded");
  await sees(page, "Executed", page.locator("tr.row", { hasText: TRADE }));
}

async function seesProfit(page) {
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  const row = page.locator("tr.row", { hasText: "ACC-STORY" });
  await sees(page, "+2\u2009000", row);
  await tabTo(page, page.getByRole("region", { name: "Positions" }));
  await page.keyboard.press("ArrowDown");
  await sees(page, "+2\u2009000", drawer(page));
  await tabTo(page, drawer(page).getByRole("button", { name: "LIFO" }));
  await page.keyboard.press("Enter");
  await sees(page, "+1\u2009000", drawer(page));
  assert.match(page.url(), /method=LIFO/);
  await tabTo(page, page.locator("#mark"));
  await page.keyboard.type("25");
  await page.keyboard.press("Enter");
  // Under LIFO the 100 at 10 are left: (25 - 10) × 100.
  await sees(page, "+1\u2009500", drawer(page));
}

async function cannotBustAlone(page, expect) {
  expect(/422 \(Unprocessable/);
  await open(page, `blotter?trade=${TRADE}`);
  await bust(page);
  await sees(page, "a second person has to do this", drawer(page));
  await sees(page, "FOUR_EYES", drawer(page));
  const trade = await ask(page, `/v1/trades/${TRADE}`);
  assert.equal(trade.fills[0].status, "effective");
}

async function bust(page) {
  const button = drawer(page).getByRole("button", { name: "Bust E-STORY" });
  await button.waitFor();
  await tabTo(page, button);
  await page.keyboard.press("Enter");
  const sure = drawer(page).getByRole("button", { name: "Bust the fill" });
  await sure.waitFor();
  await tabTo(page, sure);
  await page.keyboard.press("Enter");
}

async function signInAgain(page, name) {
  await page.waitForURL(/\/signin/);
  await signIn(page, name, `/#/blotter?trade=${TRADE}`);
}

async function busts(page) {
  await bust(page);
  await sees(page, "E-STORY is busted");
  await sees(page, "busted", drawer(page).locator("tr.void"));
  await open(page, POSITION);
  await sees(page, "200", drawer(page).locator(".hero"));
}
