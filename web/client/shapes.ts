// Shapes of the API, as `schemas/openapi.json` has them.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Problem = Schemas["Problem"];
export type Place = Schemas["Place"];
export type CommandReport = Schemas["CommandReport"];
/** Of a command that was decided, and not refused. */
export type Accepted = Extract<CommandReport, { status: "accepted" }>;
export type Session = Schemas["SessionReport"];
export type Trade = Schemas["TradeSummary"];
export type TradeState = Schemas["TradeState"];
export type Fill = Schemas["FillView"];
export type TradeBreak = Schemas["BreakView"];
export type Position = Schemas["PositionView"] & { mark?: string; unrealised?: string };
export type Lot = Schemas["Lot"];
export type Floor = Schemas["FloorView"];
export type AgentShown = Schemas["AgentShown"];
export type QueueShown = Schemas["QueueShown"];
export type Waiting = Schemas["WaitingShown"];
export type LiveFigures = Schemas["LiveFigures"];
export type Ratio = Schemas["Ratio"];
export type Agent = Schemas["AgentSummary"];
export type BookTrade = Schemas["trades.BookTrade.new"];

export const TRADE_STATES = ["Booked", "PartiallyFilled", "Executed", "Cancelled"] as const;
export const LOT_METHODS = ["FIFO", "LIFO", "HIFO", "SPECID", "AVERAGE"] as const;
