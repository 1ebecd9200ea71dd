import type { Trade } from "../../client/shapes";
import { Amount, Moment, Side, State } from "../../parts/cells";
import { compare, share, shown } from "../../parts/decimal";
import type { Column } from "../../parts/grid";
import { icons } from "../../parts/icons";
import { order } from "../../parts/time";

const byText = (of: (trade: Trade) => string) => (a: Trade, b: Trade) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);

export const openBreaks = (trade: Trade): number => trade.breaks.filter((one) => one.resolved_version === null).length;

export const columns: Column<Trade>[] = [
  { id: "traded", name: "Traded", width: 170, by: byText((trade) => order(trade.traded_at)), cell: (trade) => <Moment at={trade.traded_at} /> },
  { id: "trade", name: "Trade", width: 106, by: byText((trade) => trade.trade_id), cell: (trade) => <span class="id" title={trade.trade_id}>{trade.trade_id}</span> },
  { id: "state", name: "State", width: 120, by: byText((trade) => trade.state), cell: (trade) => <State state={trade.state} /> },
  { id: "account", name: "Account", width: 86, isSpare: true, by: byText((trade) => trade.account), cell: (trade) => trade.account },
  { id: "book", name: "Book", width: 92, isSpare: true, by: byText((trade) => trade.book), cell: (trade) => trade.book },
  { id: "instrument", name: "Instrument", width: 96, by: byText((trade) => trade.instrument), cell: (trade) => <b title={trade.instrument}>{trade.instrument}</b> },
  { id: "side", name: "Side", width: 54, by: byText((trade) => trade.side), cell: (trade) => <Side side={trade.side} /> },
  { id: "quantity", name: "Quantity", width: 84, isNumber: true, by: (a, b) => compare(a.quantity, b.quantity), cell: (trade) => <Amount text={trade.quantity} /> },
  { id: "filled", name: "Filled", width: 100, isNumber: true, by: (a, b) => compare(a.cum_quantity, b.cum_quantity), cell: (trade) => <Filled trade={trade} /> },
  { id: "price", name: "Price", width: 104, isNumber: true, isSpare: true, by: (a, b) => compare(a.price, b.price), cell: (trade) => <><Amount text={trade.price} /> <small class="muted">{trade.currency}</small></> },
  { id: "average", name: "Average", width: 124, isNumber: true, isSpare: true, cell: (trade) => <Amount text={trade.average_price} /> },
  { id: "breaks", name: "Breaks", width: 104, isSpare: true, by: (a, b) => openBreaks(a) - openBreaks(b), cell: (trade) => <Breaks open={openBreaks(trade)} /> },
];

function Filled({ trade }: { trade: Trade }) {
  const part = share(trade.cum_quantity, trade.ordered_quantity);
  return (
    <span class={`meter${part >= 1 ? " whole" : ""}`}>
      <i style={{ "--share": `${part * 100}%` }} aria-hidden="true" />
      {shown(trade.cum_quantity)}
    </span>
  );
}

function Breaks({ open }: { open: number }) {
  return open === 0 ? null : <span class="tag bad"><icons.alert />{open} open</span>;
}
