// What stands around every screen.
import type { ComponentChildren } from "preact";
import { signOut, words } from "../client/http";
import { icons, Mark } from "./icons";
import { areKeysShown, isPaletteOpen, KeyList } from "./keys";
import { Palette } from "./palette";
import { address, place } from "./place";
import { prefs, switchTheme, switchZone } from "./prefs";
import { screens, session } from "./session";
import { clock, now, zoneName } from "./time";
import { say, Toasts } from "./toasts";
import { TruthBadge } from "./truth";

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="button main skip" href="#content" onClick={toContent}>To the content</a>
      <Rail />
      <Header />
      <main class="main" id="content" tabIndex={-1}>{children}</main>
      <Toasts />
      <Palette />
      <KeyList />
    </div>
  );
}

/** The address says where a person is, so that it cannot say which part is looked at. */
function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Rail() {
  return (
    <nav class="rail" aria-label="Screens">
      <div class="brand"><Mark /><span>Dealerboard</span></div>
      {screens.value.map(({ id, name, key }) => {
        const Icon = icons[id as "blotter"];
        return (
          <a key={id} href={address(id)} aria-label={name} aria-current={place.value.screen === id ? "page" : undefined}>
            <Icon /><span>{name}</span><kbd aria-hidden="true">g {key}</kbd>
          </a>
        );
      })}
      <div class="foot">
        <a href="/explorer/" aria-label="API explorer"><icons.explorer /><span>API explorer</span></a>
      </div>
    </nav>
  );
}

function Header() {
  const isUtc = prefs.value.zone === "utc";
  const isDark = prefs.value.theme === "dark";
  const out = () => void signOut().catch((error: unknown) => say(words(error)));
  return (
    <header class="header">
      <TruthBadge />
      <div class="spring" />
      <button type="button" class="jump" title="Jump to an id or a screen" onClick={() => (isPaletteOpen.value = true)}>
        <icons.search /><span>Jump to …</span><kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <button type="button" class="button quiet" title={`Times are of ${zoneName()}`} onClick={switchZone}>
        <span class="unseen">Switch the zone of times: </span><span>{clock(now.value)}</span> <b>{isUtc ? "UTC" : "local"}</b>
      </button>
      <button type="button" class="button quiet" aria-label={`Theme is ${prefs.value.theme}; switch`} onClick={switchTheme}>
        {isDark ? <icons.moon /> : <icons.sun />}
      </button>
      <button type="button" class="button quiet" aria-label="Keys" onClick={() => (areKeysShown.value = true)}><icons.keys /></button>
      <Who />
      <button type="button" class="button quiet" aria-label="Sign out" title="Sign out" onClick={out}><icons.out /></button>
    </header>
  );
}

function Who() {
  const who = session.value;
  if (!who) return null;
  return (
    <div class="who" title={`roles: ${who.roles.join(", ")}`}>
      <span class="face" aria-hidden="true">{who.actor.slice(0, 2).toUpperCase()}</span>
      <span><b>{who.actor}</b><small>{who.tenant} · {who.roles.join(", ")}</small></span>
    </div>
  );
}
