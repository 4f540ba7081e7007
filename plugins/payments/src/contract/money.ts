/**
 * Amounts are integers in the currency's minor unit (fen for CNY; JPY has none, so 1 = ¥1).
 * Strings and decimals exist only at the rims: wire formats, screens, Excel.
 */
export type Currency = 'CNY' | 'JPY' | 'TWD' | 'THB' | 'HKD' | 'USD';

const minorDigits: Record<Currency, number> = { CNY: 2, JPY: 0, TWD: 0, THB: 2, HKD: 2, USD: 2 };

/**
 * Reads a decimal text such as `"19.99"`, `"-0.04"` or `"1,425,873.20"` as minor units, exactly, digit by digit.
 * @throws RangeError when the text is no amount, has more decimals than the currency, or leaves 2^53−1.
 */
export function parseAmount(text: string, currency: Currency = 'CNY'): number {
  const digits = minorDigits[currency];
  const match = /^([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (!match) throw new RangeError(`not an amount: ${JSON.stringify(text)}`);
  const [, sign, whole = '', fraction = ''] = match;
  const excess = fraction.slice(digits);
  if (excess !== '' && /[1-9]/.test(excess))
    throw new RangeError(`more than ${digits} decimals: ${JSON.stringify(text)}`);
  const units = whole.replaceAll(',', '') + fraction.slice(0, digits).padEnd(digits, '0');
  const minor = toMinor(units.length <= 15 ? Number(units) : BigInt(units));
  return sign === '-' && minor !== 0 ? -minor : minor;
}

/** Minor units as decimal text: `1999` → `"19.99"` (CNY), `"1999"` (JPY). */
export function formatAmount(minor: number, currency: Currency = 'CNY'): string {
  const digits = minorDigits[currency];
  const text = String(Math.abs(toMinor(minor))).padStart(digits + 1, '0');
  const sign = minor < 0 ? '-' : '';
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/**
 * The one guarded conversion at the edge: what a database driver or JSON gives (number, bigint, digits) → number.
 * @throws RangeError beyond 2^53−1 or when not an integer.
 */
export function toMinor(value: unknown): number {
  const minor =
    typeof value === 'number'
      ? value
      : typeof value === 'bigint' || (typeof value === 'string' && /^-?\d+$/.test(value))
        ? Number(value)
        : Number.NaN;
  if (!Number.isSafeInteger(minor)) throw new RangeError(`not a safe integer amount: ${String(value)}`);
  return minor === 0 ? 0 : minor;
}
