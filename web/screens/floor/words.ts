// What the floor's codes mean, in words.

const REASONS: Record<string, string> = {
  not_connected: "not connected",
  not_responding: "not responding",
  device_not_ready: "device not ready",
  no_capacity: "no capacity on the channel",
  skill_missing: "a skill is missing",
  presence: "not taking offers",
  next_presence: "changes presence when clear",
  cooldown: "rejected an offer a moment ago",
  not_permitted: "channel not permitted",
  busy_on_channel: "busy on a channel this may not interrupt",
  involved: "has the conversation already",
  refused_before: "refused it before",
  in_flight: "being asked for another",
  not_preferred: "another is preferred",
  conflict_lost: "another was faster",
};

export const reason = (code: string): string => REASONS[code] ?? code.replaceAll("_", " ");

type Presence = string | { custom: { code: string; routable: boolean } };
export const presence = (presence: Presence): string => (typeof presence === "string" ? presence : presence.custom.code);

const PHASES: Record<string, string> = { reserved: "asked", active: "talking", held: "on hold", wrap_up: "writing up" };
export const phase = (phase: string): string => PHASES[phase] ?? phase;

/** `longest idle`, `ring of 3`. */
export const strategy = (strategy: string | { ring: number }): string =>
  typeof strategy === "string" ? strategy.replaceAll("_", " ") : `ring of ${strategy.ring}`;
