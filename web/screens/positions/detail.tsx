// One position: its figures under any lot method, at any mark, as of any time.
import { useEffect, useRef, useState } from "preact/hooks";
import { read, words } from "../../client/http";
import { LOT_METHODS, type Lot, type Position } from "../../client/shapes";
import { Amount, Moment } from "../../parts/cells";
import { CopyCurl } from "../../parts/curl";
import { shown, sign } from "../../parts/decimal";
import { icons } from "../../parts/icons";
import { address, change, param } from "../../parts/place";
import { may } from "../../parts/session";
import { fromInput, stamp, toInput, zoneName } from "../../parts/time";

type Found = { position: Position | null; why: string; path: string };

function pathOf(id: string): string {
  const [account = "", book = "", ...instrument] = id.split("/");
  const parts = [account, book, instrument.join("/")].map(encodeURIComponent);
  const asked = new URLSearchParams(["method", "mark", "as_of"].map((name) => [name, param(name)] as [string, string]).filter(([, value]) => value));
  return `/v1/positions/${parts.join("/")}${asked.size > 0 ? `?${asked}` : ""}`;
}

/** The live row where nothing else is asked for; else the answer to what is, again with every version. */
function usePosition(id: string, live: Position | undefined): Found {
  const path = pathOf(id);
  const isAsked = path.includes("?") || !live;
  const version = param("as_of") ? 0 : live?.version;
  const [found, setFound] = useState<Found>({ position: null, why: "", path: "" });
  const [again, setAgain] = useState(0);
  useEffect(() => {
    if (!isAsked) return;
    const stop = new AbortController();
    const ask = async () => {
      try {
        const { value } = await read<Position>(path, stop.signal);
        setFound({ position: value, why: "", path });
      } catch (error) {
        if (!stop.signal.aborted) setFound({ position: null, why: words(error), path });
      }
    };
    void ask();
    return () => stop.abort();
  }, [path, isAsked, version, again]);
  // What the filters leave out has no live row: it is asked for again.
  useEffect(() => {
    if (live || param("as_of")) return;
    const timer = setInterval(() => setAgain((count) => count + 1), 3_000);
    return () => clearInterval(timer);
  }, [live === undefined, path]);
  if (!isAsked && live) return { position: live, why: "", path };
  // An answer to another question is not shown as one to this.
  return found.path === path ? found : { position: null, why: "", path };
}

export function Detail({ id, live, onClose }: { id: string; live: Position | undefined; onClose: () => void }) {
  const { position, why, path } = usePosition(id, live);
  const [account, book, ...instrument] = id.split("/");
  const asOf = param("as_of");
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onClose();
  };
  return (
    <aside class="drawer" aria-label={`Position ${id}`} onKeyDown={onKeyDown}>
      <header>
        <div>
          <h2>{instrument.join("/")}</h2>
          <div class="tags">
            <span class="tag">{account}</span><span class="tag">{book}</span>
            {position && <span class="tag">version {position.version}</span>}
            {asOf && <span class="tag warn">as of {stamp(asOf)}</span>}
          </div>
        </div>
        <CopyCurl path={path} />
        <button type="button" class="button quiet" aria-label="Close" onClick={onClose}><icons.close /></button>
      </header>
      <div class="body" tabIndex={0} role="region" aria-label="Details">
        <Questions method={live?.lot_method} />
        {why && <p class="note bad">{why}</p>}
        {position && <Figures position={position} />}
        {position && <Lots position={position} />}
        {position && <Faults position={position} />}
        {may("trades:read") && <div class="actions"><a class="button" href={address("blotter", { account: account ?? "", book: book ?? "", instrument: instrument.join("/") })}>The trades behind it</a></div>}
      </div>
    </aside>
  );
}

/** Method, mark and time: each a question to the platform, none a change of the position. */
function Questions({ method }: { method: string | undefined }) {
  const asked = param("method");
  const time = useRef<HTMLInputElement>(null);
  return (
    <section>
      <h3 id="methods">Lots by</h3>
      <div class="segment" role="group" aria-labelledby="methods">
        <button type="button" aria-pressed={asked === ""} onClick={() => change({ method: null }, false)}>as set{method ? `, ${method}` : ""}</button>
        {LOT_METHODS.map((other) => <button key={other} type="button" aria-pressed={asked === other} onClick={() => change({ method: other }, false)}>{other}</button>)}
      </div>
      <div class="form two-up">
        <div class="field">
          <label for="mark">Unrealised at the mark</label>
          <input id="mark" key={param("mark")} inputMode="decimal" placeholder="a price" defaultValue={param("mark")} autocomplete="off" onChange={(event) => change({ mark: event.currentTarget.value.trim() }, false)} />
        </div>
        <div class="field">
          <label for="as-of">As of, {zoneName()}</label>
          <input id="as-of" ref={time} type="datetime-local" step="1" key={param("as_of")} defaultValue={param("as_of") ? toInput(param("as_of")) : ""} onChange={(event) => change({ as_of: fromInput(event.currentTarget.value) }, false)} />
        </div>
      </div>
      {param("as_of") && <div class="actions"><button type="button" class="button small" onClick={() => change({ as_of: null }, false)}>Back to now</button></div>}
    </section>
  );
}

function Figures({ position }: { position: Position }) {
  const { quantity, currency, cycle } = position;
  const way = ["short", "flat", "long"][sign(quantity) + 1];
  const facts: [string, preact.ComponentChildren][] = [
    ["Realised gross", <Amount text={position.realised_gross} isColoured />],
    ["Fees", <Amount text={position.fees} />],
    ["Settled", <Amount text={position.settled_quantity} />],
    ["Unsettled", <Amount text={position.unsettled_quantity} />],
    ["Multiplier", shown(position.multiplier)],
    ["Lots by", position.lot_method],
    [`Since last flat (no. ${cycle.number})`, <Amount text={cycle.realised_net} isColoured />],
    ["Changed", position.updated_at ? <Moment at={position.updated_at} /> : "–"],
  ];
  return (
    <section>
      <dl class="hero">
        <div><dt>Quantity, {way}</dt><dd><Amount text={quantity} /></dd></div>
        <div><dt>Average price</dt><dd><Amount text={position.average_price} /></dd></div>
        <div><dt>Realised net</dt><dd><Amount text={position.realised_net} isColoured /> <small>{currency}</small></dd></div>
        {position.unrealised === undefined
          ? <div><dt>Cost</dt><dd><Amount text={position.cost} /> <small>{currency}</small></dd></div>
          : <div><dt>Unrealised at {shown(position.mark ?? "")}</dt><dd><Amount text={position.unrealised} isColoured /> <small>{currency}</small></dd></div>}
      </dl>
      <dl class="pairs">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

function Lots({ position }: { position: Position }) {
  const { lots } = position;
  return (
    <section>
      <h3>Open lots, oldest first</h3>
      {lots.length === 0 ? <p class="muted">None: the position is flat.</p> : (
        <table class="mini">
          <thead><tr><th scope="col">Opened by</th><th scope="col" class="num">Quantity</th><th scope="col" class="num">Price</th><th scope="col" class="num">Cost</th></tr></thead>
          <tbody>{lots.map((lot) => <LotRow key={`${lot.trade_id}${lot.exec_id}`} lot={lot} />)}</tbody>
        </table>
      )}
    </section>
  );
}

function LotRow({ lot }: { lot: Lot }) {
  const isLink = lot.trade_id && may("trades:read");
  return (
    <tr>
      <td>
        {isLink ? <a class="id" href={address("blotter", { trade: lot.trade_id ?? "" })}>{lot.exec_id}</a> : <span class="id">{lot.exec_id}</span>}
        <br /><small class="muted"><Moment at={lot.traded_at} /></small>
      </td>
      <td class="num"><Amount text={lot.quantity} /></td>
      <td class="num"><Amount text={lot.price} />{lot.price_rounded && <small class="muted"> rounded</small>}</td>
      <td class="num"><Amount text={lot.cost} /></td>
    </tr>
  );
}

/** What is not in the figures, and what the past has changed. */
function Faults({ position }: { position: Position }) {
  return (
    <>
      {position.refusals.map(({ exec_id, report, code, detail, version }) => (
        <div key={`r${version}${exec_id}`} class="note bad"><div><strong>{report} refused: {exec_id}</strong>{detail} ({code})</div></div>
      ))}
      {position.breaks.map(({ exec_id, kind, raised_at, version }) => (
        <div key={`b${version}${exec_id}`} class="note warn"><div><strong>{kind}: {exec_id}</strong>raised <Moment at={raised_at} /> as version {version}</div></div>
      ))}
      {position.announced_splits.map(({ split_id, numerator, denominator, ex_at }) => (
        <div key={split_id} class="note"><div><strong>Split {numerator} for {denominator}</strong>{split_id}, on <Moment at={ex_at} /></div></div>
      ))}
    </>
  );
}
