// Who waits, in the order in which they are served, and why.
import type { Floor, QueueShown, Waiting as Shown } from "../../client/shapes";
import { shown } from "../../parts/decimal";
import { now, span } from "../../parts/time";
import { reason } from "./words";

/** Rows that are shown of each queue. */
const SHOWN_MAX = 50;

export function Waiting({ floor }: { floor: Floor }) {
  const waiting = floor.queues.filter(({ conversations }) => conversations.length > 0);
  return (
    <section class="floor-list">
      <h2>Who waits</h2>
      {waiting.length === 0 ? <p class="muted">Nobody. A customer who does is here within a second.</p> : (
        <div>
          <table>
            <thead><tr><th scope="col">Queue</th><th scope="col" class="num">Place</th><th scope="col">Conversation</th><th scope="col">Waits</th><th scope="col">Needs</th><th scope="col">Why</th></tr></thead>
            <tbody>
              {waiting.flatMap((queue) => queue.conversations.slice(0, SHOWN_MAX).map((one, at) => <Row key={one.conversation_id} queue={queue} one={one} place={at + 1} />))}
            </tbody>
          </table>
        </div>
      )}
      {waiting.filter(({ conversations }) => conversations.length > SHOWN_MAX).map(({ queue_id, conversations }) => (
        <p key={queue_id} class="muted">{shown(String(conversations.length - SHOWN_MAX))} more wait in {queue_id}.</p>
      ))}
    </section>
  );
}

function Row({ queue, one, place }: { queue: QueueShown; one: Shown; place: number }) {
  return (
    <tr>
      <td><span class="id">{queue.queue_id}</span></td>
      <td class="num">{place}</td>
      <td><span class="id">{one.conversation_id}</span></td>
      <td>{span(now.value - Date.parse(one.enqueued_at))}</td>
      <td>{[one.channel, ...one.requirements].join(", ")}</td>
      <td>{why(queue, one, place)}</td>
    </tr>
  );
}

/** As far as the floor knows it: who could be asked on the channel, and who said no. */
function why(queue: QueueShown, one: Shown, place: number): string {
  const staff = (queue.channels as Record<string, { free: number; busy: number; unreachable: Record<string, number> }>)[one.channel];
  const refused = Object.keys(one.refused as Record<string, string>);
  const said = refused.length > 0 ? `; ${refused.join(", ")} refused it` : "";
  if (queue.agents === 0) return "no agent serves the queue";
  if (!staff) return `nobody is known to take ${one.channel}${said}`;
  if (staff.free > 0) return place === 1 ? `an agent is being chosen from ${staff.free} free${said}` : `${place - 1} before it; ${staff.free} free${said}`;
  if (staff.busy === 1) return `the one who could be asked is at work${said}`;
  if (staff.busy > 0) return `all ${staff.busy} who could be asked are at work${said}`;
  const away = Object.entries(staff.unreachable).map(([code, count]) => `${count} ${reason(code)}`);
  return `nobody can be asked: ${away.join(", ") || "no agent on the channel"}${said}`;
}
