// Streams that live as long as the part of the screen that shows them.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Answers } from "../client/answers";
import type { Collection, Row, Versioned } from "../client/collection";
import { type Column, ordered } from "./grid";
import { param } from "./place";
import { tells } from "./truth";

/** A new one whenever `key` changes. */
export function useCollection<T extends Versioned>(key: string, make: () => Collection<T>): Collection<T> | null {
  const [collection, setCollection] = useState<Collection<T> | null>(null);
  useEffect(() => {
    const made = make();
    setCollection(made);
    const untell = tells(() => ({ link: made.stream.link.value, degraded: made.degraded.value }));
    return () => {
      untell();
      made.close();
    };
  }, [key]);
  return collection;
}

export function useAnswers(questions: string[]): Answers | null {
  const [answers, setAnswers] = useState<Answers | null>(null);
  const key = questions.join("\n");
  useEffect(() => {
    if (key === "") return setAnswers(null);
    const made = new Answers(key.split("\n"));
    setAnswers(made);
    const untell = tells(() => ({ link: made.stream.link.value, degraded: null }));
    return () => {
      untell();
      made.close();
    };
  }, [key]);
  return answers;
}

/**
 * The rows in the asked order. What was in order stays where it was, and only the new is put in its
 * place: ordering what is nearly in order takes one look at each row.
 */
export function useRows<T extends Versioned>(
  collection: Collection<T> | null,
  columns: Column<T>[],
  fallback: string,
  isFound: (value: T) => boolean,
  found: string,
): Row<T>[] {
  const before = useRef<Row<T>[]>([]);
  const changes = collection?.changes.value;
  return useMemo(() => {
    if (!collection) return [];
    const kept = before.current.filter((row) => collection.rows.get(row.key) === row);
    const known = new Set(kept);
    for (const row of collection.rows.values()) if (!known.has(row)) kept.push(row);
    before.current = ordered(kept, columns, fallback);
    return found ? before.current.filter(({ value }) => isFound(value)) : [...before.current];
  }, [collection, changes, param("order"), found]);
}
