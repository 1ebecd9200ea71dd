// The commands of a trade, as forms.
import type { Fill, Trade } from "../../client/shapes";
import { LOT_METHODS } from "../../client/shapes";
import { type FieldProps, type Fields, Form, Input, Select } from "../../parts/form";
import { change, param } from "../../parts/place";
import { say } from "../../parts/toasts";

const LEADS = {
  FOUR_EYES: "You recorded this fill yourself: a second person has to do this.",
  VERSION_CONFLICT: "Somebody changed the trade meanwhile. It is shown as it is now; look again, then send.",
};

const second = () => `${new Date().toISOString().slice(0, 19)}Z`;
const at = (trade: string, rest: string) => `/v1/trades/${encodeURIComponent(trade)}/${rest}`;

/** Back to the trade, which is what the next key is for. */
function close(): void {
  change({ form: null, exec: null });
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".drawer .body")?.focus());
}

/** Fields without a value are not sent. */
const given = (fields: Fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));

export function exampleTrade(): Fields {
  return { trade_id: "T-1", account: "ACC-1", book: "AGENCY", instrument: "IBM", side: "BUY", quantity: "100", price: "181.52", currency: "USD", traded_at: second() };
}

function newTrade(): Fields {
  const id = `T-${Date.now().toString(36).toUpperCase()}`;
  const fromFilters = { account: param("account"), book: param("book"), instrument: param("instrument") };
  return { trade_id: id, ...fromFilters, side: "BUY", quantity: "", price: "", currency: "USD", multiplier: "1", lot_method: "FIFO", traded_at: second() };
}

export function Book() {
  return (
    <Form title="Book a trade" path="/v1/trades" initial={newTrade()} body={given} submit="Book" onClose={close}
      onDone={({ version }, fields) => {
        change({ trade: fields["trade_id"] ?? null, form: null, exec: null });
        say(`${fields["trade_id"]} is booked, version ${version}`);
      }}>
      {(field) => (
        <>
          <Input {...field("trade_id")} label="Trade id" hint="Yours; sent twice it is still one trade" />
          <Terms field={field} isMain />
        </>
      )}
    </Form>
  );
}

function Terms({ field, isMain = false }: { field: (name: string) => FieldProps; isMain?: boolean }) {
  return (
    <>
      <Sides {...field("side")} />
      <div class="two">
        <Input {...field("account")} label="Account" isMain={isMain} />
        <Input {...field("book")} label="Book" />
        <Input {...field("instrument")} label="Instrument" />
        <Input {...field("currency")} label="Currency" />
        <Input {...field("quantity")} label="Quantity" />
        <Input {...field("price")} label="Price" />
        <Input {...field("multiplier")} label="Multiplier" />
        <Select {...field("lot_method")} label="Lot method" options={LOT_METHODS} />
      </div>
      <Input {...field("traded_at")} label="Traded at" hint="With its offset from UTC" />
    </>
  );
}

function Sides({ value, onValue, fault }: FieldProps) {
  return (
    <div class={`field${fault ? " wrong" : ""}`}>
      <span class="label" id="side-label">Side</span>
      <div class="sides" role="radiogroup" aria-labelledby="side-label">
        {(["BUY", "SELL"] as const).map((side) => (
          <label key={side} class={side.toLowerCase()}>
            <input type="radio" name="side" value={side} checked={value === side} onChange={() => onValue(side)} />
            {side === "BUY" ? "Buy" : "Sell"}
          </label>
        ))}
      </div>
      {fault && <span class="fault">{fault}</span>}
    </div>
  );
}

export function RecordFill({ trade }: { trade: Trade }) {
  const exec_id = `E-${trade.trade_id}-${trade.fills.length + 1}`.slice(0, 64);
  const initial = { exec_id, quantity: trade.leaves_quantity, price: trade.price, fee: "0", fee_currency: "", traded_at: second() };
  return (
    <Form title="Record a fill" path={at(trade.trade_id, "fills")} initial={initial} body={given} submit="Record the fill" onClose={close}
      onDone={({ breaks }, fields) => {
        close();
        say(breaks.length > 0 ? `${fields["exec_id"]} is recorded and raised a break: ${breaks.join(", ")}` : `${fields["exec_id"]} is recorded`);
      }}>
      {(field) => (
        <>
          <Input {...field("exec_id")} label="Execution id" hint="As the market reports it" />
          <Money field={field} isMain />
          <div class="two">
            <Input {...field("fee_currency")} label="Currency of the fee" placeholder={trade.currency} />
            <Input {...field("traded_at")} label="Traded at" />
          </div>
        </>
      )}
    </Form>
  );
}

function Money({ field, isMain }: { field: (name: string) => FieldProps; isMain?: boolean }) {
  return (
    <div class="two">
      <Input {...field("quantity")} label="Quantity" isMain={isMain ?? false} />
      <Input {...field("price")} label="Price" />
      <Input {...field("fee")} label="Fee" />
    </div>
  );
}

export function Cancel({ trade }: { trade: Trade }) {
  return (
    <Form title={`Cancel what is not filled: ${trade.leaves_quantity}`} path={at(trade.trade_id, "cancellations")} initial={{}} body={() => ({})} submit="Cancel the rest" isDanger onClose={close}
      onDone={() => {
        close();
        say(`The rest of ${trade.trade_id} is cancelled`);
      }}>
      {() => <p class="muted">{trade.cum_quantity} of {trade.ordered_quantity} stay as they were filled. A cancelled rest does not come back.</p>}
    </Form>
  );
}

export function Amend({ trade }: { trade: Trade }) {
  const { account, book, instrument, side, price, currency, multiplier, lot_method, traded_at } = trade;
  const initial: Fields = { side, account, book, instrument, currency, quantity: trade.ordered_quantity, price, multiplier, lot_method, traded_at };
  return (
    <Form title="Amend the terms" path={at(trade.trade_id, "amendments")} initial={initial} leads={LEADS} submit="Amend" onClose={close}
      body={(fields) => ({ expected_version: trade.version, terms: given(fields) })}
      onDone={({ version }) => {
        close();
        say(`${trade.trade_id} is amended, version ${version}`);
      }}>
      {(field) => (
        <>
          <p class="muted">As of version {trade.version}. Once something is filled, quantity and price may change, nothing else.</p>
          <Terms field={field} />
        </>
      )}
    </Form>
  );
}

export function Correct({ trade, fill }: { trade: Trade; fill: Fill }) {
  const { exec_id, quantity, price, fee } = fill;
  return (
    <Form title={`Correct ${exec_id}`} path={at(trade.trade_id, "corrections")} initial={{ quantity, price, fee }} leads={LEADS} submit="Correct" onClose={close}
      body={(fields) => ({ exec_id, ...given(fields) })}
      onDone={() => {
        close();
        say(`${exec_id} is corrected`);
      }}>
      {(field) => (
        <>
          <p class="muted">What the fill really was. Needs another person than recorded it.</p>
          <Money field={field} isMain />
        </>
      )}
    </Form>
  );
}

export function Bust({ trade, fill }: { trade: Trade; fill: Fill }) {
  const { exec_id, quantity, price } = fill;
  return (
    <Form title={`Bust ${exec_id}`} path={at(trade.trade_id, "busts")} initial={{}} body={() => ({ exec_id })} leads={LEADS} submit="Bust the fill" isDanger onClose={close}
      onDone={() => {
        close();
        say(`${exec_id} is busted: it never was`);
      }}>
      {() => <p class="muted">{quantity} at {price} never were: trade and position are counted again without them. Needs another person than recorded it.</p>}
    </Form>
  );
}

const RESOLUTIONS = ["take_in", "refuse", "hand_over"] as const;

export function SettleBreak({ trade, exec }: { trade: Trade; exec: string }) {
  const path = `/v1/trades/${encodeURIComponent(trade.trade_id)}:settle-break`;
  return (
    <Form title={`Settle the break of ${exec}`} path={path} initial={{ resolution: "take_in", to: "", note: "" }} leads={LEADS} submit="Settle" onClose={close}
      body={(fields) => ({ exec_id: exec, ...given(fields) })}
      onDone={() => {
        close();
        say(`The break of ${exec} is settled`);
      }}>
      {(field) => (
        <>
          <p class="muted">Take it in: accepted as it was reported. Refuse: not ours. Hand over: it is of another trade.</p>
          <div class="two">
            <Select {...field("resolution")} label="What becomes of it" options={RESOLUTIONS} />
            <Input {...field("to")} label="The other trade" hint="With hand_over only" />
          </div>
          <Input {...field("note")} label="Why" isMain />
        </>
      )}
    </Form>
  );
}
