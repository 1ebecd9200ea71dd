// Every screen in both themes: what an accessibility checker finds, how many rows of a long table are
// elements, and, with PICTURES=folder, how it looks.
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { open, sees, signIn, story } from "./browser.mjs";
import { staffed, traded } from "./desk.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Rows in sight of 900 pixels, and the spare ones beyond the edges. */
const ELEMENTS_MAX = 60;

const SPOTS = [
  { name: "blotter", who: "trader", at: "blotter", shows: "trades" },
  { name: "blotter-trade", who: "trader", at: "blotter?trade=T-1118", shows: "E-1118-1" },
  { name: "blotter-break", who: "trader", at: "blotter?trade=T-1117", shows: "overfill" },
  { name: "blotter-book", who: "trader", at: "blotter?form=book", shows: "Traded at" },
  { name: "blotter-bust", who: "trader", at: "blotter?trade=T-1118&form=bust&exec=E-1118-1", shows: "never were" },
  { name: "blotter-nothing", who: "trader", at: "blotter?account=NOBODY", shows: "No trade is within" },
  { name: "positions", who: "trader", at: "positions", shows: "Realised net" },
  { name: "positions-lots", who: "trader", at: "positions?position=ALPINE%2FAGENCY%2FIBM&method=LIFO&mark=182.5", shows: "Unrealised at" },
  { name: "floor", who: "supervisor", at: "floor", shows: "Who waits" },
];

/** By the checker, anywhere. */
const found = [];

// Both themes of the floor at once: an agent who sends no heartbeat goes offline after a minute.
for (const who of ["trader", "supervisor"]) {
  for (const theme of ["dark", "light"]) {
    await story(
      async (page) => {
        await signIn(page, who);
        await (who === "trader" ? traded(page) : staffed(page));
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
  await page.getByRole("combobox", { name: "An id" }).fill("T-1118");
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
