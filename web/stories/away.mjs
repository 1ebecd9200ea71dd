// Truth: the way to the platform is cut while a screen is open. It says so within two seconds, keeps what it
// shows, says from when that is, and goes on by itself with what it has missed.
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { sees, send, signIn, story, url } from "./browser.mjs";

const SAID_WITHIN_MS = 2_000;

/** A way to the platform that can be cut. */
async function way() {
  const to = new URL(url);
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => sockets.delete(one) && other.destroy());
      one.pipe(other);
    }
  });
  const opened = async (port) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  };
  const port = await opened(0);
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, cut, open: () => opened(port) };
}

const trade = (id) => ({ trade_id: id, account: "ACC-AWAY", book: "AGENCY", instrument: "AWAY", side: "BUY", quantity: "100", price: "1", currency: "USD", traded_at: "2026-01-05T15:30:00Z" });

const through = await way();
await story(
  async (page, { expect }) => {
    expect(/ERR_|Failed to load resource|network error/);
    await signIn(page, "trader", "/#/blotter?account=ACC-AWAY");
    await send(page, "/v1/trades", trade("T-BEFORE"));
    await sees(page, "T-BEFORE", page.locator("tr.row"));
    const truth = page.locator(".truth");
    await sees(page, "live", truth);
    await page.evaluate(() => (window.sameDocument = true));

    through.cut();
    await truth.getByText(/stale since \d\d:\d\d:\d\d – /).waitFor({ timeout: SAID_WITHIN_MS });
    await sees(page, "What is shown here is as of then");
    assert.equal(await page.locator("tr.row", { hasText: "T-BEFORE" }).count(), 1, "no empty table");

    // Somebody else goes on meanwhile.
    await story(async (other) => {
      await signIn(other, "sales");
      await send(other, "/v1/trades", trade("T-MEANWHILE"));
    });
    await through.open();
    await sees(page, "T-MEANWHILE", page.locator("tr.row"));
    await sees(page, "live", truth);
    assert.equal(await page.evaluate(() => window.sameDocument), true, "without a reload");
  },
  { at: through.url },
);
through.cut();
