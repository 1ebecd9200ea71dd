// Blotter: what was traded, live, and what is broken.
import { useRef } from "preact/hooks";
import { Collection, ROWS_MAX } from "../../client/collection";
import { type Trade, TRADE_STATES } from "../../client/shapes";
import { Empty, Filter, stateWords } from "../../parts/cells";
import { curl, CopyCurl } from "../../parts/curl";
import { shown } from "../../parts/decimal";
import { Grid } from "../../parts/grid";
import { icons } from "../../parts/icons";
import { useKeys } from "../../parts/keys";
import { useCollection, useRows } from "../../parts/live";
import { change, param } from "../../parts/place";
import { may } from "../../parts/session";
import { StaleNote, truth } from "../../parts/truth";
import { columns, openBreaks } from "./columns";
import { Detail } from "./detail";
import { exampleTrade } from "./forms";

const FILTERS = ["account", "book", "instrument", "state", "breaks"] as const;
const NEWEST_FIRST = "-traded";

function filters(): URLSearchParams {
  const given = FILTERS.map((name) => [name, param(name)]).filter(([, value]) => value);
  return new URLSearchParams(given as [string, string][]);
}

function fits(asked: URLSearchParams): (trade: Trade) => boolean {
  const same = (["account", "book", "instrument", "state"] as const).filter((name) => asked.has(name));
  return (trade) => same.every((name) => trade[name] === asked.get(name)) && (!asked.has("breaks") || openBreaks(trade) > 0);
}

function isFound(trade: Trade): boolean {
  const text = param("find").toLowerCase();
  const values = [trade.trade_id, trade.account, trade.book, trade.instrument, trade.booked_by, trade.correlation ?? ""];
  return values.some((value) => value.toLowerCase().includes(text));
}

export function Blotter() {
  const asked = filters();
  const make = () => new Collection<Trade>({ list: "/v1/trades", view: "trades", filters: asked, key: (trade) => trade.trade_id, fits: fits(asked) });
  const trades = useCollection(asked.toString(), make);
  const rows = useRows(trades, columns, NEWEST_FIRST, isFound, param("find"));
  const screen = useRef<HTMLDivElement>(null);
  const chosen = param("trade");
  const isOpen = chosen !== "" || param("form") !== "";
  const book = () => change({ form: "book", trade: null, exec: null });
  const close = () => {
    change({ trade: null, form: null, exec: null });
    screen.current?.querySelector<HTMLElement>(".grid")?.focus();
  };
  useKeys([
    { key: "n", does: "Book a trade", run: () => may("trades:book") && book() },
    { key: "/", does: "Find among the rows", run: () => screen.current?.querySelector<HTMLElement>("input.find")?.focus() },
    { key: "Escape", does: "Close the details", run: close },
    { key: "j", does: "Next row, in the table; so does ↓", run: () => screen.current?.querySelector<HTMLElement>(".grid")?.focus() },
    { key: "k", does: "Row before; so does ↑", run: () => screen.current?.querySelector<HTMLElement>(".grid")?.focus() },
  ]);
  return (
    <>
      <div class={`screen${truth().kind === "stale" ? " is-stale" : ""}`} ref={screen}>
        <div class="head">
          <h1>Blotter</h1>
          <Count collection={trades} rows={rows.length} />
          <div class="right">
            <CopyCurl path={`/v1/trades?${asked}`} />
            {may("trades:book") && <button type="button" class="button main" onClick={book}><icons.plus />Book a trade</button>}
          </div>
        </div>
        <Filters />
        <StaleNote />
        {trades && trades.loading.value.state === "whole" && rows.length === 0 ? <Nothing isFiltered={asked.size > 0 || param("find") !== ""} /> : (
          <Grid label="Trades" columns={isOpen ? columns.filter(({ isSpare }) => !isSpare) : columns} rows={rows} chosen={chosen} order={NEWEST_FIRST} onChoose={(trade) => change({ trade, form: null, exec: null }, chosen === "")} />
        )}
      </div>
      {isOpen && <Detail id={chosen} row={trades?.rows.get(chosen)?.value} onClose={close} />}
    </>
  );
}

function Count({ collection, rows }: { collection: Collection<Trade> | null; rows: number }) {
  const loading = collection?.loading.value;
  const count = `${shown(String(rows))} ${rows === 1 ? "trade" : "trades"}`;
  if (!loading || loading.state === "reading") return <span class="sub" role="status">{count} so far, reading …</span>;
  if (loading.state === "failed") return <span class="sub bad" role="status">{count}; {loading.why}</span>;
  if (loading.state === "cut") return <span class="sub warn" role="status">{count}; there are more than {shown(String(ROWS_MAX))}, narrow the filters</span>;
  return <span class="sub">{count}</span>;
}

function Filters() {
  const set = (name: string) => (value: string) => change({ [name]: value });
  return (
    <div class="filters" role="search" aria-label="Filters">
      <input
        class="find"
        aria-label="Find among the rows"
        placeholder="Find among the rows   /"
        value={param("find")}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => change({ find: event.currentTarget.value }, false)}
      />
      <Filter name="account" label="Account" value={param("account")} onValue={set("account")} />
      <Filter name="book" label="Book" value={param("book")} onValue={set("book")} />
      <Filter name="instrument" label="Instrument" value={param("instrument")} onValue={set("instrument")} />
      <select aria-label="State" value={param("state")} onChange={(event) => change({ state: event.currentTarget.value })}>
        <option value="">Any state</option>
        {TRADE_STATES.map((state) => <option key={state} value={state}>{stateWords(state)}</option>)}
      </select>
      <label class="check">
        <input type="checkbox" checked={param("breaks") === "open"} onChange={(event) => change({ breaks: event.currentTarget.checked ? "open" : null })} />
        Open breaks
      </label>
      {(filters().size > 0 || param("find")) && (
        <button type="button" class="button quiet" onClick={() => change(Object.fromEntries([...FILTERS, "find"].map((name) => [name, null])))}>Clear</button>
      )}
    </div>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No trade is within these filters"><p>A trade that comes to be within them appears here by itself.</p></Empty>;
  return (
    <Empty title="Nothing was traded yet">
      <p>Trades appear here as they are booked, by this screen, by a script, or by <code>dealerboard import</code>. One for a start:</p>
      <pre>{curl("/v1/trades", exampleTrade())}</pre>
    </Empty>
  );
}
