// Floor: who waits, who is free, and whether the promise is kept.
import type { Floor as Shown, LiveFigures } from "../../client/shapes";
import { Empty } from "../../parts/cells";
import { curl, CopyCurl } from "../../parts/curl";
import { useAnswers } from "../../parts/live";
import { param } from "../../parts/place";
import { now, span } from "../../parts/time";
import { StaleNote, truth } from "../../parts/truth";
import { Agents } from "./agents";
import { Tile } from "./tile";
import { Waiting } from "./waiting";

const FLOOR = "/v1/floor";
/** Questions that one stream may watch. */
const QUESTIONS_MAX = 16;

const liveOf = (queue: string) => `/v1/queues/${encodeURIComponent(queue)}/live`;

export function Floor() {
  const watched = useAnswers([FLOOR]);
  const told = watched?.get<Shown>(FLOOR);
  const queues = (told?.answer.queues ?? []).map(({ queue_id }) => queue_id).filter((queue) => !param("queue") || queue === param("queue")).sort();
  const figures = useAnswers(queues.slice(0, QUESTIONS_MAX).map(liveOf));
  const floor = told?.answer;
  const refused = watched?.refused.value.get(FLOOR);
  return (
    <div class={`screen${truth().kind === "stale" ? " is-stale" : ""}`}>
      <div class="head">
        <h1>Floor</h1>
        <span class="sub">{floor ? summary(floor) : "reading …"}{told && <Age at={told.at} />}</span>
        <div class="right"><CopyCurl path={FLOOR} /></div>
      </div>
      <StaleNote />
      {refused && <p class="note bad asof">The floor has no answer: {refused}</p>}
      {floor && floor.queues.length === 0 && floor.agents.length === 0 && <Nothing />}
      {floor && (floor.queues.length > 0 || floor.agents.length > 0) && (
        <div class="floor" tabIndex={0} role="region" aria-label="Queues and agents">
          <div class="tiles">
            {queues.map((queue) => {
              const shown = floor.queues.find(({ queue_id }) => queue_id === queue);
              return shown && <Tile key={queue} queue={shown} live={figures?.get<LiveFigures>(liveOf(queue))?.answer} />;
            })}
          </div>
          {queues.length > QUESTIONS_MAX && <p class="muted">The day's figures are of the first {QUESTIONS_MAX} queues; choose one to see those of another.</p>}
          <Waiting floor={floor} />
          <Agents floor={floor} />
        </div>
      )}
    </div>
  );
}

/** An agent in two queues counts once. */
function summary(floor: Shown): string {
  const waiting = floor.queues.reduce((count, queue) => count + queue.waiting, 0);
  const free = floor.agents.filter((agent) => agent.shut === null && Object.keys(agent.slots).length === 0).length;
  return `${waiting} waiting, ${floor.agents.length} ${floor.agents.length === 1 ? "agent" : "agents"}, ${free} with nothing to do`;
}

/** Said when it is more than a second. */
function Age({ at }: { at: number }) {
  const age = now.value - at;
  return age < 2_000 ? null : <span> · {span(age)} old</span>;
}

function Nothing() {
  return (
    <Empty title="Nobody is on the floor yet">
      <p>A queue is here once it is set up, an agent once one connects, and a customer as soon as one waits. For a start:</p>
      <pre>{[curl("/v1/queues", { queue_id: "FX-VIP" }), curl("/v1/agents/ann/sessions", { session_id: "S-1", device: "web", channels: ["chat"] })].join("\n\n")}</pre>
      <p>The lines that <code>make run</code> prints when it starts go on from there: Ann comes to work, and a customer calls.</p>
    </Empty>
  );
}
