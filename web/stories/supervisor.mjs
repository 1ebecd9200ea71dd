// Supervisor: sees a customer wait and reads why, moves an agent, and sees the match, without a reload.
import assert from "node:assert/strict";
import { ask, open, sees, send, signIn, story } from "./browser.mjs";

await story(async (page) => {
  await signIn(page, "supervisor");
  await sees(page, "Nobody is on the floor yet");
  await sees(page, "/v1/queues");
  await page.evaluate(() => (window.sameDocument = true));

  await send(page, "/v1/queues", { queue_id: "FX-VIP" });
  await send(page, "/v1/conversations", { conversation_id: "V-1", customer_id: "K-1", channel: "chat", intent: "quote" });
  await send(page, "/v1/conversations/V-1:enqueue", { queue: "FX-VIP" });
  const tile = page.getByRole("article", { name: "Queue FX-VIP" });
  await sees(page, "nobody can be asked", tile);
  const waits = page.getByRole("row", { name: /V-1/ });
  await sees(page, "no agent serves the queue", waits);

  await send(page, "/v1/agents/ann/sessions", { session_id: "S-1", device: "web", channels: ["chat"] });
  await send(page, "/v1/agents/ann/capacity", { channels: { chat: 1 } });
  await send(page, "/v1/agents/ann:add-queues", { queues: ["FX-VIP"] });
  await send(page, "/v1/agents/ann/presence", { presence: "away" });
  await sees(page, "1 not taking offers", waits);
  await sees(page, "takes no offers", page.getByRole("row", { name: /ann/ }));

  await send(page, "/v1/agents/ann/presence", { presence: "available" });
  await sees(page, /V-1: asked for/, page.getByRole("row", { name: /ann/ }));
  await waits.filter({ hasText: "FX-VIP" }).first().waitFor({ state: "detached" }).catch(() => undefined);
  const floor = await ask(page, "/v1/floor");
  assert.equal(floor.queues[0].waiting, 0);
  assert.equal(floor.offers[0].agent_id, "ann");

  await open(page, "blotter");
  await sees(page, "There is no screen “blotter” for you");
  assert.equal(await page.evaluate(() => window.sameDocument), true);
});
