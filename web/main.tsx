import { render } from "preact";
import { useEffect } from "preact/hooks";
import { readSession, Refusal, words } from "./client/http";
import { Empty } from "./parts/cells";
import { address, place } from "./parts/place";
import "./parts/prefs";
import { screens, session } from "./parts/session";
import { Shell } from "./parts/shell";
import { Blotter } from "./screens/blotter";
import { Floor } from "./screens/floor";
import { Positions } from "./screens/positions";
import "./style/index.css";

const SCREENS: Record<string, () => preact.JSX.Element> = { blotter: Blotter, positions: Positions, floor: Floor };

function App() {
  const id = place.value.screen;
  const known = screens.value.find((screen) => screen.id === id);
  useEffect(() => {
    document.title = known ? `${known.name} – Dealerboard` : "Dealerboard";
  }, [known]);
  const Screen = known && SCREENS[known.id];
  return <Shell>{Screen ? <Screen key={id} /> : <Elsewhere id={id} />}</Shell>;
}

function Elsewhere({ id }: { id: string }) {
  const names = screens.value.map(({ name }) => name).join(", ");
  const title = id ? `There is no screen “${id}” for you` : "No screen is for you yet";
  return (
    <Empty title={title}>
      <p>{names ? `Your roles show you: ${names}.` : "Your roles show none of the screens there are; the API explorer shows what they allow."}</p>
    </Empty>
  );
}

/** The first screen of this person, where the address names none. */
function begin(): void {
  const [first] = screens.value;
  if (place.value.screen === "" && first) history.replaceState(null, "", address(first.id));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

async function start(): Promise<void> {
  const root = document.getElementById("app");
  if (!root) return;
  try {
    session.value = await readSession();
    addEventListener("hashchange", () => place.value.screen === "" && begin());
    begin();
    render(<App />, root);
  } catch (error) {
    // It goes to the sign-in page by itself.
    if (error instanceof Refusal && error.problem.status === 401) return;
    render(<Empty title="Dealerboard does not answer"><p>{words(error)}. This page tries again in a moment.</p></Empty>, root);
    setTimeout(() => void start(), 3_000);
  }
}

void start();
