// A table of which only the rows in sight are elements, so that ten thousand scroll as ten do.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Row } from "../client/collection";
import { change, param } from "./place";

export type Column<T> = {
  id: string;
  name: string;
  width: number;
  isNumber?: boolean;
  /** Left out beside details, which say it. */
  isSpare?: boolean;
  /** By which it is ordered, if it can be. */
  by?: (one: T, other: T) => number;
  cell: (value: T) => ComponentChildren;
};

type Props<T> = {
  label: string;
  columns: Column<T>[];
  rows: Row<T>[];
  chosen: string;
  onChoose: (key: string) => void;
  /** The order without a choice: a column, or one behind `-` for the other way round. */
  order: string;
};

export const ROW_PX = 30;
const HEAD_PX = 32;
/** Rows beyond the edges. */
const SPARE = 12;
const FRESH_MS = 1_400;

type Order<T> = (one: Row<T>, other: Row<T>) => number;

/** As the address says; equal ones by key, so that none moves without a reason. */
export function orderOf<T>(columns: Column<T>[], fallback: string): Order<T> {
  const asked = param("order") || fallback;
  const way = asked.startsWith("-") ? -1 : 1;
  const by = columns.find(({ id }) => id === asked.replace("-", ""))?.by;
  return (a, b) => (by ? way * by(a.value, b.value) : 0) || (a.key < b.key ? -way : way);
}

/** Puts a row in its place among rows that are in order. */
export function insert<T>(rows: Row<T>[], row: Row<T>, order: Order<T>): void {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = rows[middle];
    if (other && order(other, row) < 0) from = middle + 1;
    else to = middle;
  }
  rows.splice(from, 0, row);
}

export function Grid<T>({ label, columns, rows, chosen, onChoose, order }: Props<T>) {
  const region = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = region.current;
    if (!element) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      sizes.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  const first = Math.max(0, Math.floor(view.top / ROW_PX) - SPARE);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_PX) + SPARE);
  const onKeyDown = (event: KeyboardEvent) => {
    const to = target(event.key, rows.findIndex(({ key }) => key === chosen), rows.length, Math.floor(view.height / ROW_PX) - 2);
    const row = to === null ? undefined : rows[to];
    if (to === null || !row) return;
    event.preventDefault();
    onChoose(row.key);
    bringToSight(region.current, to);
  };
  return (
    <div class="grid" ref={region} tabIndex={0} role="region" aria-label={label} onKeyDown={onKeyDown}>
      <table aria-rowcount={rows.length + 1} style={{ minWidth: `${columns.reduce((sum, { width }) => sum + width, 0)}px` }}>
        <colgroup>{columns.map(({ id, width }) => <col key={id} style={{ width: `${width}px` }} />)}</colgroup>
        <thead><tr aria-rowindex={1}>{columns.map((column) => <Head key={column.id} column={column} order={order} />)}</tr></thead>
        <tbody>
          <Spacer rows={first} columns={columns.length} />
          {rows.slice(first, last).map((row, at) => (
            <tr
              key={row.key}
              aria-rowindex={first + at + 2}
              class={`row${row.key === chosen ? " chosen" : ""}${Date.now() - row.changedAt < FRESH_MS ? " fresh" : ""}`}
              onClick={() => onChoose(row.key)}
            >
              {columns.map((column) => <td key={column.id} class={column.isNumber ? "num" : ""}>{column.cell(row.value)}</td>)}
            </tr>
          ))}
          <Spacer rows={rows.length - last} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

function Head<T>({ column, order }: { column: Column<T>; order: string }) {
  const { id, name, by, isNumber } = column;
  const asked = param("order") || order;
  const isOn = asked.replace("-", "") === id;
  const isDown = isOn && asked.startsWith("-");
  const sorted = isOn ? (isDown ? "descending" : "ascending") : "none";
  return (
    <th scope="col" class={isNumber ? "num" : ""} aria-sort={by ? sorted : undefined}>
      {by ? (
        <button type="button" onClick={() => change({ order: isOn && !isDown ? `-${id}` : id }, false)}>
          {name}{isOn && <span aria-hidden="true">{isDown ? "↓" : "↑"}</span>}
        </button>
      ) : name}
    </th>
  );
}

function Spacer({ rows, columns }: { rows: number; columns: number }) {
  if (rows <= 0) return null;
  return <tr class="spacer" aria-hidden="true"><td colSpan={columns} style={{ height: `${rows * ROW_PX}px` }} /></tr>;
}

/** Where a key leads from a row; `null` if it leads nowhere. */
function target(key: string, at: number, count: number, page: number): number | null {
  const steps: Record<string, number> = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: count - 1 };
  const to = steps[key];
  return to === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, to));
}

function bringToSight(region: HTMLDivElement | null, row: number): void {
  if (!region) return;
  const [top, bottom] = [row * ROW_PX, (row + 1) * ROW_PX + HEAD_PX];
  if (top < region.scrollTop) region.scrollTop = top;
  else if (bottom > region.scrollTop + region.clientHeight) region.scrollTop = bottom - region.clientHeight;
}
