// Decimals are text: no digit of them passes through a float.

type Exact = { units: bigint; places: number };

function exact(text: string): Exact {
  const [whole = "0", fraction = ""] = text.split(".");
  return { units: BigInt(whole + fraction), places: fraction.length };
}

function aligned(one: Exact, other: Exact): [bigint, bigint, number] {
  const places = Math.max(one.places, other.places);
  const scaled = ({ units, places: own }: Exact) => units * 10n ** BigInt(places - own);
  return [scaled(one), scaled(other), places];
}

export function compare(one: string, other: string): number {
  const [a, b] = aligned(exact(one), exact(other));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The exact sum, with as many places as the longest has. */
export function sum(texts: string[]): string {
  const total = texts.map(exact).reduce<Exact>(
    (one, other) => {
      const [a, b, places] = aligned(one, other);
      return { units: a + b, places };
    },
    { units: 0n, places: 0 },
  );
  const digits = (total.units < 0n ? -total.units : total.units).toString().padStart(total.places + 1, "0");
  const whole = digits.slice(0, digits.length - total.places);
  const fraction = digits.slice(digits.length - total.places);
  return `${total.units < 0n ? "-" : ""}${whole}${fraction ? `.${fraction}` : ""}`;
}

/** As sent, with thousands apart and a true minus. */
export function shown(text: string): string {
  const negative = text.startsWith("-");
  const [whole = "", fraction] = (negative ? text.slice(1) : text).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
  return `${negative ? "\u2212" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** -1, 0 or 1. */
export function sign(text: string): number {
  if (!/[1-9]/.test(text)) return 0;
  return text.startsWith("-") ? -1 : 1;
}

/** How much of the whole a part is, 0 to 1, to draw with; not to calculate with. */
export function share(part: string, whole: string): number {
  const [a, b] = aligned(exact(part), exact(whole));
  return b <= 0n ? 0 : Number((a * 1000n) / b) / 1000;
}
