import type { Position } from "../../client/shapes";
import { Amount } from "../../parts/cells";
import { compare } from "../../parts/decimal";
import type { Column } from "../../parts/grid";
import { icons } from "../../parts/icons";
import { now, order, span } from "../../parts/time";

export const keyOf = ({ account, book, instrument }: Position): string => `${account}/${book}/${instrument}`;

const byText = (of: (position: Position) => string) => (a: Position, b: Position) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
const byAmount = (of: (position: Position) => string | null) => (a: Position, b: Position) => compare(of(a) ?? "0", of(b) ?? "0");

export const columns: Column<Position>[] = [
  { id: "account", name: "Account", width: 120, by: byText((position) => position.account), cell: (position) => position.account },
  { id: "book", name: "Book", width: 120, by: byText((position) => position.book), cell: (position) => position.book },
  { id: "instrument", name: "Instrument", width: 140, by: byText((position) => position.instrument), cell: (position) => <b>{position.instrument}</b> },
  { id: "quantity", name: "Quantity", width: 120, isNumber: true, by: byAmount((position) => position.quantity), cell: (position) => <Quantity text={position.quantity} /> },
  { id: "average", name: "Average", width: 134, isNumber: true, by: byAmount((position) => position.average_price), cell: (position) => <Amount text={position.average_price} /> },
  { id: "cost", name: "Cost", width: 140, isSpare: true, isNumber: true, by: byAmount((position) => position.cost), cell: (position) => <Amount text={position.cost} /> },
  { id: "realised", name: "Realised net", width: 130, isNumber: true, by: byAmount((position) => position.realised_net), cell: (position) => <Amount text={position.realised_net} isColoured /> },
  { id: "fees", name: "Fees", width: 90, isSpare: true, isNumber: true, by: byAmount((position) => position.fees), cell: (position) => <Amount text={position.fees} /> },
  { id: "unsettled", name: "Unsettled", width: 110, isSpare: true, isNumber: true, by: byAmount((position) => position.unsettled_quantity), cell: (position) => <Amount text={position.unsettled_quantity} /> },
  { id: "currency", name: "Ccy", width: 50, isSpare: true, cell: (position) => <span class="muted">{position.currency}</span> },
  { id: "method", name: "Lots by", width: 90, isSpare: true, by: byText((position) => position.lot_method), cell: (position) => <span class="muted">{position.lot_method}</span> },
  { id: "updated", name: "Changed", width: 130, isSpare: true, by: byText((position) => order(position.updated_at ?? "")), cell: (position) => <Changed at={position.updated_at} /> },
  { id: "breaks", name: "Breaks", width: 90, isSpare: true, by: (a, b) => a.open_breaks - b.open_breaks, cell: (position) => <Breaks position={position} /> },
];

/** Long or short, in a word for those who do not see the sign. */
function Quantity({ text }: { text: string }) {
  const isShort = text.startsWith("-");
  return <span class={isShort ? "sell" : ""}><span class="unseen">{isShort ? "short" : "long"} </span><b><Amount text={text} /></b></span>;
}

function Changed({ at }: { at: string | null }) {
  return at ? <time class="muted" dateTime={at} title={at}>{span(now.value - Date.parse(at))} ago</time> : null;
}

function Breaks({ position }: { position: Position }) {
  const count = position.open_breaks + position.refused_fills;
  return count === 0 ? null : <span class="tag bad"><icons.alert />{count} open</span>;
}
