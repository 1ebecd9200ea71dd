// Forms of commands: what the server refuses is said at the field that it refuses.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { command, newKey, Refusal, sentence, words } from "../client/http";
import type { Accepted, Place } from "../client/shapes";
import { CopyCurl } from "./curl";

export type Fields = Record<string, string>;

type Props = {
  title: string;
  path: string | ((fields: Fields) => string);
  initial: Fields;
  body: (fields: Fields) => unknown;
  submit: string;
  isDanger?: boolean;
  onDone: (report: Accepted, fields: Fields) => void;
  onClose: () => void;
  /** In a person's words, before the server's, by code. */
  leads?: Record<string, string>;
  children: (field: (name: string) => FieldProps) => ComponentChildren;
};

export type FieldProps = { name: string; value: string; onValue: (value: string) => void; fault: string | undefined };

export function Form(props: Props) {
  const [fields, setFields] = useState(props.initial);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (form.current) begin(form.current, props.isDanger ?? false);
  }, []);
  const sent = useRef({ body: "", key: "" });
  const path = typeof props.path === "string" ? props.path : props.path(fields);
  const places = error instanceof Refusal ? error.places : [];
  const field = (name: string): FieldProps => ({
    name,
    value: fields[name] ?? "",
    onValue: (value) => setFields({ ...fields, [name]: value }),
    fault: faultOf(places, name),
  });
  const send = async (event: Event) => {
    event.preventDefault();
    const body = props.body(fields);
    const text = JSON.stringify([path, body]);
    // Sent again after a fault of the network it is the same command; changed, it is another.
    if (sent.current.body !== text) sent.current = { body: text, key: newKey() };
    setSending(true);
    setError(null);
    try {
      const report = await command(path, body, sent.current.key);
      props.onDone(report, fields);
    } catch (refused) {
      // Another try is another command: the same one would get the same answer.
      if (refused instanceof Refusal && !refused.problem.retryable) sent.current.body = "";
      setError(refused);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
    } finally {
      setSending(false);
    }
  };
  return (
    <form class="form" ref={form} onSubmit={(event) => void send(event)} aria-label={props.title} noValidate>
      <h2>{props.title}</h2>
      {props.children(field)}
      <Refused error={error} leads={props.leads ?? {}} shown={Object.keys(fields)} />
      <div class="end">
        <span class="left"><CopyCurl path={path} body={() => props.body(fields)} /></span>
        <button type="button" class="button" onClick={props.onClose}>Close</button>
        <button type="submit" class={`button ${props.isDanger ? "danger" : "main"}`} disabled={isSending}>
          {isSending ? "Waiting for the platform …" : props.submit}
        </button>
      </div>
    </form>
  );
}

/** Where keys go first: what cannot be undone is not a second press of the key that asked for it. */
function begin(form: HTMLFormElement, isDanger: boolean): void {
  const first = form.querySelector<HTMLElement>("[data-first]") ?? form.querySelector<HTMLElement>("input, select");
  const target = isDanger ? form.querySelector<HTMLElement>(".end > button[type=button]") : first;
  target?.focus();
}

/** The last part of the pointer is the field: terms of an amendment stand one level deeper. */
const nameOf = ({ pointer }: Place) => pointer.split("/").at(-1) ?? "";

function faultOf(places: Place[], name: string): string | undefined {
  const place = places.find((place) => nameOf(place) === name);
  if (!place) return undefined;
  return place.found === "nothing" ? "Is missing" : sentence(place.detail);
}

function Refused({ error, leads, shown }: { error: unknown; leads: Record<string, string>; shown: string[] }) {
  if (!error) return null;
  const isRefusal = error instanceof Refusal;
  const elsewhere = isRefusal ? error.places.filter((place) => !shown.includes(nameOf(place))) : [];
  const lead = isRefusal ? leads[error.code] : undefined;
  return (
    <div class="note bad" role="alert">
      <div>
        {lead && <strong>{lead}</strong>}
        {words(error)}
        {elsewhere.map(({ pointer, detail }) => <div key={pointer}>{pointer}: {detail}</div>)}
        {isRefusal && error.problem.fix && <div>{sentence(error.problem.fix)}</div>}
      </div>
    </div>
  );
}

type InputProps = FieldProps & { label: string; hint?: string; placeholder?: string; list?: string; isMain?: boolean };

export function Input({ label, hint, name, value, onValue, fault, placeholder, list, isMain }: InputProps) {
  const id = `field-${name}`;
  return (
    <div class={`field${fault ? " wrong" : ""}`}>
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        value={value}
        list={list}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        data-first={isMain || undefined}
        aria-invalid={fault ? true : undefined}
        aria-describedby={fault || hint ? `${id}-said` : undefined}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {(fault || hint) && <span id={`${id}-said`} class={fault ? "fault" : "hint"}>{fault ?? hint}</span>}
    </div>
  );
}

export function Select({ label, name, value, onValue, fault, options }: FieldProps & { label: string; options: readonly string[] }) {
  const id = `field-${name}`;
  return (
    <div class={`field${fault ? " wrong" : ""}`}>
      <label for={id}>{label}</label>
      <select id={id} name={name} value={value} aria-invalid={fault ? true : undefined} aria-describedby={fault ? `${id}-said` : undefined} onChange={(event) => onValue(event.currentTarget.value)}>
        {options.map((option) => <option key={option}>{option}</option>)}
      </select>
      {fault && <span id={`${id}-said`} class="fault">{fault}</span>}
    </div>
  );
}
