// Streams that live as long as the part of the screen that shows them.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Answers } from "../client/answers";
import type { Collection, Row, Versioned } from "../client/collection";
import { type Column, insert, orderOf } from "./grid";
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

/** More changes than these at once, and all rows are ordered anew. */
const PLACED_MAX = 500;

type Ordered<T extends Versioned> = { of: Collection<T> | null; order: string; rows: Row<T>[] };

/** The rows in the asked order. Only those that have changed are put in their places: the others stay where they were. */
export function useRows<T extends Versioned>(
  collection: Collection<T> | null,
  columns: Column<T>[],
  fallback: string,
  isFound: (value: T) => boolean,
  found: string,
): Row<T>[] {
  const kept = useRef<Ordered<T>>({ of: null, order: "", rows: [] });
  const changes = collection?.changes.value;
  const asked = param("order");
  return useMemo(() => {
    if (!collection) return [];
    const order = orderOf(columns, fallback);
    const touched = collection.takeTouched();
    const before = kept.current;
    const isAnew = before.of !== collection || before.order !== asked || touched.size > PLACED_MAX;
    const rows = isAnew ? [...collection.rows.values()].sort(order) : before.rows.filter((row) => !touched.has(row));
    if (!isAnew) for (const row of touched) if (collection.rows.get(row.key) === row) insert(rows, row, order);
    kept.current = { of: collection, order: asked, rows };
    return found ? rows.filter(({ value }) => isFound(value)) : rows;
  }, [collection, changes, asked, found]);
}
