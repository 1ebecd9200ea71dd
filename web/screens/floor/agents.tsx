import type { AgentShown, Floor } from "../../client/shapes";
import { icons } from "../../parts/icons";
import { now, span } from "../../parts/time";
import { phase, presence, reason } from "./words";

export function Agents({ floor }: { floor: Floor }) {
  const agents = [...floor.agents].sort((a, b) => rank(a) - rank(b) || (a.agent_id < b.agent_id ? -1 : 1));
  return (
    <section class="floor-list">
      <h2>Agents</h2>
      {agents.length === 0 ? <p class="muted">None has connected.</p> : (
        <div>
          <table>
            <thead><tr><th scope="col">Agent</th><th scope="col">State</th><th scope="col">Free for</th><th scope="col">Work in hand</th><th scope="col">Room</th><th scope="col">Queues</th></tr></thead>
            <tbody>{agents.map((agent) => <Row key={agent.agent_id} agent={agent} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const isAtWork = (agent: AgentShown) => Object.keys(agent.slots).length > 0;
/** Those who can be asked first, then who works, then who is out of reach. */
const rank = (agent: AgentShown) => (isAtWork(agent) ? 1 : agent.shut === null ? 0 : 2);

function Row({ agent }: { agent: AgentShown }) {
  const work = Object.entries(agent.slots);
  const used = agent.used as Record<string, number>;
  return (
    <tr>
      <th scope="row">{agent.agent_id}</th>
      <td><State agent={agent} /></td>
      <td>{agent.idle_since && !isAtWork(agent) ? span(now.value - Date.parse(agent.idle_since)) : <span class="muted">–</span>}</td>
      <td>
        <span class="work">
          {work.length === 0 && <span class="muted">nothing</span>}
          {work.map(([conversation, slot]) => (
            <span key={conversation} class="tag buy" title={slot.channel}>{conversation}: {phase(slot.phase)} for {span(now.value - Date.parse(slot.reserved_at))}</span>
          ))}
        </span>
      </td>
      <td>{Object.entries(agent.capacity as Record<string, number>).map(([channel, units]) => `${channel} ${used[channel] ?? 0} of ${units}`).join(", ") || <span class="muted">none set</span>}</td>
      <td>{agent.queues.join(", ") || <span class="muted">none</span>}</td>
    </tr>
  );
}

function State({ agent }: { agent: AgentShown }) {
  const { shut } = agent;
  const where = presence(agent.presence);
  const next = agent.next_presence ? `, then ${presence(agent.next_presence)}` : "";
  if (shut) {
    const why = shut === "presence" ? "takes no offers" : reason(shut);
    return <span class="tag"><icons.cross />{where}{next}: {why}</span>;
  }
  const phases = Object.values(agent.slots).map(({ phase }) => phase);
  if (phases.length > 0 && phases.every((phase) => phase === "reserved")) return <span class="tag warn"><icons.open />being asked{next}</span>;
  return isAtWork(agent) ? <span class="tag buy"><icons.part />at work{next}</span> : <span class="tag good"><icons.whole />{where}{next}</span>;
}
