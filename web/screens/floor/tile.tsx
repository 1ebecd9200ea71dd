// A queue: how many wait, how long, whether the promise is kept, and who could be asked.
import type { LiveFigures, QueueShown, Ratio } from "../../client/shapes";
import { icons } from "../../parts/icons";
import { span } from "../../parts/time";
import { reason, strategy } from "./words";

type Staff = { free: number; busy: number; unreachable: Record<string, number> };

export function Tile({ queue, live }: { queue: QueueShown; live: LiveFigures | undefined }) {
  const isStarved = queue.is_starved && queue.waiting > 0;
  const overdue = live?.today.overdue ?? 0;
  return (
    <article class={`tile${isStarved || overdue > 0 ? " alarm" : ""}`} aria-label={`Queue ${queue.queue_id}`}>
      <header>
        <h2>{queue.queue_id}</h2>
        <small class="muted">{strategy(queue.strategy)}</small>
        <Judgement isStarved={isStarved} overdue={overdue} waiting={queue.waiting} offered={queue.offered} />
      </header>
      <dl class="big">
        <div><dt>Waiting</dt><dd>{queue.waiting}{queue.offered > 0 && <small>{queue.offered} being offered</small>}</dd></div>
        <div><dt>Longest wait</dt><dd class={queue.waiting > 0 ? "words" : "words muted"}>{queue.waiting > 0 ? span(queue.longest_wait_ms) : "–"}</dd></div>
        <div><dt>Promise kept today</dt><Promise ratio={live?.today.today.promises_kept} /></div>
      </dl>
      {Object.entries(queue.channels as Record<string, Staff>).map(([channel, staff]) => <Channel key={channel} channel={channel} staff={staff} />)}
      {live && <Today live={live} />}
    </article>
  );
}

function Judgement({ isStarved, overdue, waiting, offered }: { isStarved: boolean; overdue: number; waiting: number; offered: number }) {
  if (isStarved) return <span class="tag bad"><icons.alert />nobody can be asked</span>;
  if (overdue > 0) return <span class="tag bad"><icons.alert />{overdue} overdue</span>;
  if (waiting > 0) return <span class="tag warn"><icons.part />waiting for an agent</span>;
  if (offered > 0) return <span class="tag buy"><icons.part />being offered</span>;
  return <span class="tag good"><icons.whole />nobody waits</span>;
}

/** A share of whole counts, so that it may pass through a float. */
function Promise({ ratio }: { ratio: Ratio | undefined }) {
  if (!ratio) return <dd class="muted">…</dd>;
  if (ratio.value === null) return <dd class="words muted" title="nobody was promised an answer by now">–<small>no case yet</small></dd>;
  return <dd>{Math.round(ratio.value * 100)} %<small>{ratio.numerator} of {ratio.denominator}</small></dd>;
}

function Channel({ channel, staff }: { channel: string; staff: Staff }) {
  const away = Object.values(staff.unreachable).reduce((sum, count) => sum + count, 0);
  if (staff.free + staff.busy + away === 0) return <p class="note bad">No agent serves the queue on {channel}.</p>;
  const why = Object.entries(staff.unreachable).map(([code, count]) => `${count} ${reason(code)}`).join(", ");
  return (
    <div>
      <div class="bar" aria-hidden="true">
        <span class="free" style={{ "--n": staff.free }} /><span class="busy" style={{ "--n": staff.busy }} /><span class="away" style={{ "--n": away }} />
      </div>
      <p class="legend">
        <span class="muted">{channel}</span>
        <span><i class="free" /><b>{staff.free}</b> free</span>
        <span><i class="busy" /><b>{staff.busy}</b> busy</span>
        <span><i class="away" /><b>{away}</b> out of reach{why && `: ${why}`}</span>
      </p>
    </div>
  );
}

function Today({ live }: { live: LiveFigures }) {
  const { today, active, wrap_up, parked } = live.today;
  return (
    <p class="legend muted">
      <span><b>{active}</b> talking</span><span><b>{wrap_up}</b> writing up</span><span><b>{parked}</b> parked</span>
      <span>today <b>{today.answered}</b> answered, <b>{today.abandoned}</b> gave up</span>
    </p>
  );
}
