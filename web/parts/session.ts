// Who is here, and what the policies let them do.
import { computed, signal } from "@preact/signals";
import type { Session } from "../client/shapes";

export const session = signal<Session | null>(null);

type Reach = "all" | "some" | undefined;
const reach = (permission: string): Reach => {
  const permissions = session.value?.permissions as Record<string, Reach> | undefined;
  return permissions?.[permission];
};

/** Whether it is offered: `some` is decided by the thing, and its refusal is shown in words. */
export const may = (permission: string): boolean => reach(permission) !== undefined;
/** Whether it may be asked about everything at once. */
export const mayAll = (permission: string): boolean => reach(permission) === "all";

export type Screen = { id: string; name: string; key: string; permission: "trades:read" | "positions:read" | "figures:read" };
const SCREENS: Screen[] = [
  { id: "blotter", name: "Blotter", key: "b", permission: "trades:read" },
  { id: "positions", name: "Positions", key: "p", permission: "positions:read" },
  { id: "floor", name: "Floor", key: "f", permission: "figures:read" },
];

/** Those that show this person something. */
export const screens = computed(() =>
  SCREENS.filter(({ id, permission }) => (id === "floor" ? mayAll(permission) : may(permission))),
);
