import type { JSX } from "preact";

const drawn = (path: string) => (): JSX.Element => (
  <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round">
    <path d={path} />
  </svg>
);

export const icons = {
  blotter: drawn("M4 6h16M4 12h16M4 18h10"),
  positions: drawn("M4 20V10m5.3 10V4m5.4 16v-8M20 20V7"),
  floor: drawn("M4 4h7v7H4zM13 4h7v4h-7zM13 11h7v9h-7zM4 14h7v6H4z"),
  explorer: drawn("M8 6l-6 6 6 6M16 6l6 6-6 6"),
  search: drawn("M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5"),
  sun: drawn("M12 7a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM12 1v2M12 21v2M3 12H1M23 12h-2M5 5 3.6 3.6M20.4 20.4 19 19M5 19l-1.4 1.4M20.4 3.6 19 5"),
  moon: drawn("M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"),
  close: drawn("M6 6l12 12M18 6 6 18"),
  copy: drawn("M9 9h11v11H9zM5 15H4V4h11v1"),
  plus: drawn("M12 5v14M5 12h14"),
  out: drawn("M10 4H5v16h5M15 8l4 4-4 4M19 12H9"),
  keys: drawn("M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8"),
  whole: drawn("M5 12.5l4.5 4.5L19 7.5"),
  part: drawn("M12 3a9 9 0 1 1 0 18z"),
  open: drawn("M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z"),
  cross: drawn("M6 6l12 12M18 6 6 18"),
  alert: drawn("M12 3 2 20h20zM12 10v4M12 17h.01"),
};

export const Mark = () => (
  <svg viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="var(--accent-fill)" />
    <path d="M8 22V10h5a6 6 0 0 1 0 12zM21 10v12M25 14v8" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" />
  </svg>
);
