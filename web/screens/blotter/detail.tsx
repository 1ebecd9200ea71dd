// One trade: what it is, what became of it, what can be done.
import { useEffect, useState } from "preact/hooks";
import { read, Refusal, words } from "../../client/http";
import type { Fill, Trade, TradeBreak } from "../../client/shapes";
import { Amount, Moment, Side, State } from "../../parts/cells";
import { CopyCurl } from "../../parts/curl";
import { shown, sign } from "../../parts/decimal";
import { icons } from "../../parts/icons";
import { address, change, param } from "../../parts/place";
import { may } from "../../parts/session";
import { Amend, Book, Bust, Cancel, Correct, RecordFill, SettleBreak } from "./forms";

/** How often a trade is read that the filters leave out. */
const AGAIN_MS = 3_000;

type Found = { trade: Trade | null; why: string };

/** The row, or where the filters leave it out, what the platform answers. */
function useTrade(id: string, row: Trade | undefined): Found {
  const [found, setFound] = useState<Found>({ trade: null, why: "" });
  const isHere = row !== undefined;
  useEffect(() => {
    if (!id || isHere) return;
    setFound({ trade: null, why: "" });
    const stop = new AbortController();
    const ask = async () => {
      try {
        const { value } = await read<Trade>(`/v1/trades/${encodeURIComponent(id)}`, stop.signal);
        setFound({ trade: value, why: "" });
      } catch (error) {
        if (stop.signal.aborted) return;
        const isUnknown = error instanceof Refusal && error.problem.status === 404;
        setFound({ trade: null, why: isUnknown ? "There is no such trade." : words(error) });
      }
    };
    void ask();
    const again = setInterval(() => void ask(), AGAIN_MS);
    return () => {
      stop.abort();
      clearInterval(again);
    };
  }, [id, isHere]);
  return row ? { trade: row, why: "" } : found;
}

export function Detail({ id, row, onClose }: { id: string; row: Trade | undefined; onClose: () => void }) {
  const { trade, why } = useTrade(id, row);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    if (param("form") && id) change({ form: null, exec: null });
    else onClose();
  };
  return (
    <aside class="drawer" aria-label={id ? `Trade ${id}` : "Book a trade"} onKeyDown={onKeyDown}>
      <header>
        <div>
          <h2 class={id ? "" : "plain"}>{id || "New trade"}</h2>
          {trade && <div class="tags"><State state={trade.state} /><span class="tag">version {trade.version}</span>{!row && <span class="tag">outside of the filters</span>}</div>}
        </div>
        {id && <CopyCurl path={`/v1/trades/${encodeURIComponent(id)}`} />}
        <button type="button" class="button quiet" aria-label="Close" onClick={onClose}><icons.close /></button>
      </header>
      <div class="body" tabIndex={0} role="region" aria-label="Details">
        {!id && <Book />}
        {id && why && <p class="note bad">{why}</p>}
        {trade && <Shown trade={trade} />}
      </div>
    </aside>
  );
}

function Shown({ trade }: { trade: Trade }) {
  return (
    <>
      <Actions trade={trade} />
      <Figures trade={trade} />
      <Fills trade={trade} />
      {trade.breaks.length > 0 && <Breaks breaks={trade.breaks} />}
      <Facts trade={trade} />
      <History trade={trade} />
    </>
  );
}

function Actions({ trade }: { trade: Trade }) {
  const form = param("form");
  const fill = trade.fills.find(({ exec_id }) => exec_id === param("exec"));
  if (form === "fill") return <RecordFill trade={trade} />;
  if (form === "amend") return <Amend key={trade.version} trade={trade} />;
  if (form === "cancel") return <Cancel trade={trade} />;
  if (form === "correct" && fill) return <Correct trade={trade} fill={fill} />;
  if (form === "bust" && fill) return <Bust trade={trade} fill={fill} />;
  if (form === "settle" && param("exec")) return <SettleBreak trade={trade} exec={param("exec")} />;
  const isOpen = sign(trade.leaves_quantity) > 0;
  const button = (name: string, label: string, kind = "") => (
    <button type="button" class={`button ${kind}`} onClick={() => change({ form: name, exec: null })}>{label}</button>
  );
  const position = { position: `${trade.account}/${trade.book}/${trade.instrument}` };
  return (
    <div class="actions">
      {isOpen && may("trades:fill") && button("fill", "Record a fill", "main")}
      {isOpen && may("trades:book") && button("amend", "Amend")}
      {isOpen && may("trades:book") && button("cancel", "Cancel the rest", "danger")}
      {may("positions:read") && <a class="button" href={address("positions", position)}>Position</a>}
    </div>
  );
}

function Figures({ trade }: { trade: Trade }) {
  return (
    <dl class="hero">
      <div><dt>{trade.instrument}</dt><dd><Side side={trade.side} /> {shown(trade.ordered_quantity)}</dd></div>
      <div><dt>Price</dt><dd>{shown(trade.price)} <small>{trade.currency}</small></dd></div>
      <div><dt>Filled</dt><dd>{shown(trade.cum_quantity)} <small>{shown(trade.leaves_quantity)} left</small></dd></div>
      <div><dt>Average price</dt><dd><Amount text={trade.average_price} /></dd></div>
    </dl>
  );
}

const FILL_KINDS = { effective: "good", corrected: "warn", busted: "bad" } as const;

function Fills({ trade }: { trade: Trade }) {
  const { fills } = trade;
  if (fills.length === 0) return <section><h3>Fills</h3><p class="muted">None yet. The market reports them, or you record one.</p></section>;
  return (
    <section>
      <h3>Fills</h3>
      <table class="mini">
        <thead><tr><th scope="col">Execution</th><th scope="col" class="num">Quantity</th><th scope="col" class="num">Price</th><th scope="col" class="num">Fee</th><th scope="col"><span class="unseen">State and actions</span></th></tr></thead>
        <tbody>{fills.map((fill) => <FillRow key={fill.exec_id} fill={fill} />)}</tbody>
      </table>
    </section>
  );
}

function FillRow({ fill }: { fill: Fill }) {
  const { exec_id, quantity, price, fee, status, traded_at, fee_currency } = fill;
  const isVoid = status === "busted";
  const button = (form: string, label: string, kind: string) => (
    <button type="button" class={`button small quiet ${kind}`} aria-label={`${label} ${exec_id}`} onClick={() => change({ form, exec: exec_id })}>{label}</button>
  );
  return (
    <>
      <tr class={isVoid ? "void" : ""}>
        <td><span class="id">{exec_id}</span><br /><small class="muted"><Moment at={traded_at} /></small></td>
        <td class="num"><Amount text={quantity} /></td>
        <td class="num"><Amount text={price} /></td>
        <td class="num"><Amount text={fee} />{fee_currency && <small> {fee_currency}</small>}</td>
        <td class="num">
          {status !== "effective" && <span class={`tag ${FILL_KINDS[status]}`}>{status}</span>}
          {!isVoid && may("trades:correct") && <>{button("correct", "Correct", "")}{button("bust", "Bust", "danger")}</>}
        </td>
      </tr>
    </>
  );
}

function Breaks({ breaks }: { breaks: TradeBreak[] }) {
  return (
    <section>
      <h3>Breaks</h3>
      {breaks.map((one) => {
        const isOpen = one.resolved_version === null;
        return (
          <div key={`${one.exec_id}-${one.version}`} class={`note ${isOpen ? "bad" : ""}`}>
            <div>
              <strong>{one.kind}: {one.exec_id}</strong>
              {shown(one.quantity)} at {shown(one.price)}, raised <Moment at={one.raised_at} /> as version {one.version}.{" "}
              {one.detail && `${one.detail}. `}
              {isOpen ? "Open." : `Settled as version ${one.resolved_version}${one.resolution ? `: ${one.resolution}` : ""}.`}
              {one.note && <div>“{one.note}”</div>}
              {isOpen && may("trades:correct") && (
                <div><button type="button" class="button small" onClick={() => change({ form: "settle", exec: one.exec_id })}>Settle …</button></div>
              )}
            </div>
          </div>
        );
      })}
    </section>
  );
}

function Facts({ trade }: { trade: Trade }) {
  const facts: [string, preact.ComponentChildren][] = [
    ["Account", trade.account],
    ["Book", trade.book],
    ["Traded", <Moment at={trade.traded_at} />],
    ["Booked by", trade.booked_by],
    ["Gross amount", <Amount text={trade.gross_amount} />],
    ["Multiplier", shown(trade.multiplier)],
    ["Lot method", trade.lot_method],
    ["About", trade.correlation ?? "–"],
    ["Allocation", sideWords(trade.alloc_status)],
    ["Confirmation", sideWords(trade.confirm_status)],
    ["Settlement", sideWords(trade.settle_status)],
  ];
  return (
    <section>
      <h3>Terms and statuses</h3>
      <dl class="pairs">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

const sideWords = (status: string) => (status === "None" ? "not begun" : status);

/** What touched the trade, as far as its fills and breaks remember. */
function History({ trade }: { trade: Trade }) {
  const touched: [number, string][] = [[1, `booked by ${trade.booked_by}`]];
  for (const { exec_id, version, status } of trade.fills) touched.push([version, `${exec_id} ${status === "effective" ? "filled" : status}`]);
  for (const one of trade.breaks) {
    touched.push([one.version, `break ${one.kind}: ${one.exec_id}`]);
    if (one.resolved_version !== null) touched.push([one.resolved_version, `break settled: ${one.exec_id}`]);
  }
  touched.sort(([a], [b]) => b - a);
  return (
    <section>
      <h3>Versions</h3>
      <table class="mini">
        <thead><tr><th scope="col">Version</th><th scope="col">What last touched it</th></tr></thead>
        <tbody>
          {trade.version > (touched[0]?.[0] ?? 0) && <tr><td>{trade.version}</td><td>the trade itself: amended, cancelled, or all filled</td></tr>}
          {touched.map(([version, text]) => <tr key={`${version}${text}`}><td>{version}</td><td>{text}</td></tr>)}
        </tbody>
      </table>
    </section>
  );
}
