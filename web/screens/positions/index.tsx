// Positions: what is held, at what cost, and what it has made.
import { useRef } from "preact/hooks";
import { Collection, ROWS_MAX } from "../../client/collection";
import type { Position } from "../../client/shapes";
import { Amount, Empty, Filter } from "../../parts/cells";
import { CopyCurl } from "../../parts/curl";
import { shown, sign, sum } from "../../parts/decimal";
import { Grid } from "../../parts/grid";
import { useKeys } from "../../parts/keys";
import { useCollection, useRows } from "../../parts/live";
import { address, change, param } from "../../parts/place";
import { StaleNote, truth } from "../../parts/truth";
import { columns, keyOf } from "./columns";
import { Detail } from "./detail";

const FILTERS = ["account", "book", "instrument", "breaks"] as const;
const ORDER = "account";

function filters(): URLSearchParams {
  const given = FILTERS.map((name) => [name, param(name)]).filter(([, value]) => value);
  return new URLSearchParams(given as [string, string][]);
}

function fits(asked: URLSearchParams): (position: Position) => boolean {
  const same = (["account", "book", "instrument"] as const).filter((name) => asked.has(name));
  return (position) => same.every((name) => position[name] === asked.get(name)) && (!asked.has("breaks") || position.open_breaks > 0);
}

const isFound = (position: Position) => keyOf(position).toLowerCase().includes(param("find").toLowerCase());

export function Positions() {
  const asked = filters();
  const make = () => new Collection<Position>({ list: "/v1/positions", view: "positions", filters: asked, key: keyOf, fits: fits(asked) });
  const positions = useCollection(asked.toString(), make);
  const rows = useRows(positions, columns, ORDER, isFound, param("find"));
  const screen = useRef<HTMLDivElement>(null);
  const chosen = param("position");
  const close = () => {
    change({ position: null, method: null, mark: null, as_of: null });
    screen.current?.querySelector<HTMLElement>(".grid")?.focus();
  };
  useKeys([
    { key: "/", does: "Find among the rows", run: () => screen.current?.querySelector<HTMLElement>("input.find")?.focus() },
    { key: "Escape", does: "Close the details", run: close },
    { key: "j", does: "Next row, in the table; so does ↓", run: () => screen.current?.querySelector<HTMLElement>(".grid")?.focus() },
  ]);
  const loading = positions?.loading.value;
  const isWhole = loading?.state === "whole";
  return (
    <>
      <div class={`screen${truth().kind === "stale" ? " is-stale" : ""}`} ref={screen}>
        <div class="head">
          <h1>Positions</h1>
          <span class={`sub${loading?.state === "failed" ? " bad" : ""}`} role="status">{counted(rows.length, loading)}</span>
          <div class="right"><CopyCurl path={`/v1/positions?${asked}`} /></div>
        </div>
        {isWhole && rows.length > 0 && <Totals positions={rows.map(({ value }) => value)} />}
        <Filters />
        <StaleNote />
        {isWhole && rows.length === 0 ? <Nothing isFiltered={asked.size > 0 || param("find") !== ""} /> : (
          <Grid label="Positions" columns={chosen ? columns.filter(({ isSpare }) => !isSpare) : columns} rows={rows} chosen={chosen} order={ORDER} onChoose={(position) => change({ position, method: null, mark: null, as_of: null }, chosen === "")} />
        )}
      </div>
      {chosen && <Detail key={chosen} id={chosen} live={positions?.rows.get(chosen)?.value} onClose={close} />}
    </>
  );
}

function counted(rows: number, loading: Collection<Position>["loading"]["value"] | undefined): string {
  const count = `${shown(String(rows))} ${rows === 1 ? "position" : "positions"}`;
  if (loading?.state === "whole") return count;
  if (loading?.state === "failed") return `${count}; ${loading.why}`;
  if (loading?.state === "cut") return `${count}; there are more than ${shown(String(ROWS_MAX))}, narrow the filters`;
  return `${count} so far, reading …`;
}

/** Exact sums, by currency: amounts of two currencies are no sum. */
function Totals({ positions }: { positions: Position[] }) {
  const currencies = [...new Set(positions.map(({ currency }) => currency))].filter((currency) => currency !== null).sort();
  const open = positions.filter(({ quantity }) => sign(quantity) !== 0);
  const long = open.filter(({ quantity }) => sign(quantity) > 0).length;
  return (
    <dl class="figures">
      <div><dt>Open</dt><dd>{open.length} <small>{long} long, {open.length - long} short</small></dd></div>
      {currencies.slice(0, 3).map((currency) => <Total key={currency} currency={currency} positions={positions.filter((position) => position.currency === currency)} />)}
      <div><dt>Open breaks</dt><dd>{positions.reduce((count, { open_breaks }) => count + open_breaks, 0)}</dd></div>
    </dl>
  );
}

function Total({ currency, positions }: { currency: string; positions: Position[] }) {
  const net = positions.map(({ realised_net }) => realised_net);
  const isWhole = net.every((amount) => amount !== null);
  return (
    <>
      <div><dt>Realised net</dt><dd><Amount text={isWhole ? sum(net) : null} isColoured /> <small>{currency}</small></dd></div>
      <div><dt>Fees</dt><dd><Amount text={sum(positions.map(({ fees }) => fees))} /> <small>{currency}</small></dd></div>
    </>
  );
}

function Filters() {
  const set = (name: string) => (value: string) => change({ [name]: value });
  return (
    <div class="filters" role="search" aria-label="Filters">
      <input class="find" aria-label="Find among the rows" placeholder="Find among the rows   /" value={param("find")} autocomplete="off" spellcheck={false} onInput={(event) => change({ find: event.currentTarget.value }, false)} />
      <Filter name="account" label="Account" value={param("account")} onValue={set("account")} />
      <Filter name="book" label="Book" value={param("book")} onValue={set("book")} />
      <Filter name="instrument" label="Instrument" value={param("instrument")} onValue={set("instrument")} />
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
  if (isFiltered) return <Empty title="No position is within these filters"><p>One that comes to be within them appears here by itself.</p></Empty>;
  return (
    <Empty title="Nothing is held yet">
      <p>A position begins with the first fill of an account, a book and an instrument. Book a trade on the <a href={address("blotter", { form: "book" })}>blotter</a>, then record its fill: it is here a moment later.</p>
    </Empty>
  );
}
