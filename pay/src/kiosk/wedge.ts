/** What a keyboard-wedge scanner has typed so far, and when. */
export interface Typed {
  text: string;
  at: number;
}

export const nothingTyped: Typed = { text: '', at: 0 };

/** A scanner types faster than any finger. */
const longestGapMs = 80;
const shortestScan = 4;
const longestScan = 512;

/** One key at `at` ms. `scan`: what was scanned, on the Enter that ends it. */
export function typed(before: Typed, key: string, at: number): { after: Typed; scan?: string } {
  const text = at - before.at <= longestGapMs ? before.text : '';
  if (key === 'Enter') {
    return text.length >= shortestScan ? { after: nothingTyped, scan: text } : { after: nothingTyped };
  }
  // Shift and the like come between characters.
  const more = key.length === 1 ? text + key : text;
  return { after: { text: more.slice(-longestScan), at } };
}

/** The bill that a printed code's address leads to. */
export const tokenIn = (scan: string): string | undefined =>
  /^https?:\/\/[^/\s]+\/pay\/([\w-]{24})(?:[/?#]|$)/i.exec(scan.trim())?.[1];

/** Whose it is the platform knows; here only its form is looked at. */
export const isPaymentCode = (scan: string): boolean => /^\d{16,24}$/.test(scan);

export const isCardNumber = (text: string): boolean => /^[0-9A-Za-z]{4,32}$/.test(text);
