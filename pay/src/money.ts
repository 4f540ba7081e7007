/** Currencies without a minor unit, as the platform counts them: 1 = ¥1. */
const whole = new Set(['JPY', 'TWD']);
const signs: Record<string, string> = { CNY: '¥', JPY: '¥', TWD: 'NT$', THB: '฿', HKD: 'HK$', USD: '$' };

/** 123456 fen → 1234.56. Whole numbers all the way. */
export function decimalText(minor: number, currency = 'CNY'): string {
  const digits = whole.has(currency) ? 0 : 2;
  const text = String(Math.abs(minor)).padStart(digits + 1, '0');
  const point = text.length - digits;
  return `${minor < 0 ? '-' : ''}${text.slice(0, point)}${digits ? `.${text.slice(point)}` : ''}`;
}

/** 123456 fen → 1,234.56. */
export const fenText = (minor: number, currency = 'CNY'): string =>
  decimalText(minor, currency).replace(/\d(?=(\d{3})+(\.|$))/g, '$&,');

/** 123456 fen → ¥1,234.56. */
export const moneyText = (minor: number, currency: string): string =>
  `${signs[currency] ?? `${currency} `}${fenText(minor, currency)}`;
