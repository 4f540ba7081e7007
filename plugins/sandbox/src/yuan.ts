/** Fen → `12.34`, by digits only. */
export function yuan(fen: number): string {
  const digits = Math.abs(fen).toString().padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** `12.34` → fen; null when the text is not a positive amount with at most two decimals. */
export function fenOfYuan(text: string): number | null {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const fen = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return fen > 0 ? fen : null;
}

const SYMBOL = { CNY: '¥', JPY: '¥', TWD: 'NT$', THB: '฿' } as const;
const WHOLE: readonly string[] = ['JPY', 'TWD'];

/** An amount in the minor unit of its currency, as a person reads it: yen and New Taiwan dollars have none below 1. */
export function amountText(amount: number, currency: keyof typeof SYMBOL): string {
  return `${SYMBOL[currency]}${WHOLE.includes(currency) ? amount : yuan(amount)}`;
}

/** A share of an amount in hundredths of a percent, half a fen rounded up. */
export function feeOf(amountFen: number, basisPoints: number): number {
  return Math.floor((amountFen * basisPoints + 5_000) / 10_000);
}
