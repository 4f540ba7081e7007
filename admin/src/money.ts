/**
 * Amounts travel as integers of fen (digit strings, or JSON integers) and are never floats here:
 * text in, BigInt between, text out.
 */
export type Fen = string | number | bigint;

/** Currencies without a minor unit: 1 is ¥1, or NT$1. */
const wholeUnits = new Set<unknown>(['JPY', 'TWD']);

interface FenStyle {
  grouped?: boolean;
  /** ISO 4217; CNY unless it is known. */
  currency?: unknown;
}

/**
 * `"142587320"` → `"1,425,873.20"` in CNY, `"142,587,320"` in JPY; undefined for what is no whole number of minor units.
 */
export function fenText(
  fen: Fen | null | undefined,
  { grouped = true, currency }: FenStyle = {},
): string | undefined {
  const minor = toBigInt(fen);
  if (minor === undefined) return undefined;
  const decimals = wholeUnits.has(currency) ? 0 : 2;
  const digits = (minor < 0n ? -minor : minor).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const shown = grouped ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${minor < 0n ? '-' : ''}${shown}${fraction}`;
}

/** `¥` for CNY and JPY, `NT$` for TWD. */
export function currencySign(currency: unknown): string {
  const parts = new Intl.NumberFormat('zh-CN', {
    style: 'currency',
    currency: typeof currency === 'string' ? currency : 'CNY',
  }).formatToParts(0);
  return parts.find(({ type }) => type === 'currency')?.value.replace(/^JP/, '') ?? '';
}

export function toBigInt(fen: Fen | null | undefined): bigint | undefined {
  if (typeof fen === 'bigint') return fen;
  if (typeof fen === 'number') return Number.isSafeInteger(fen) ? BigInt(fen) : undefined;
  if (typeof fen === 'string' && /^-?\d+$/.test(fen)) return BigInt(fen);
  return undefined;
}

export function sumFen(amounts: Iterable<Fen | null | undefined>): bigint {
  let sum = 0n;
  for (const amount of amounts) sum += toBigInt(amount) ?? 0n;
  return sum;
}

export type YuanReading =
  | { ok: true; fen: number }
  | { ok: false; reason: 'empty' | 'format' | 'zero' | 'tooLarge' };

/** 9,999,999.99: beyond it a keyed-in amount is a slip of the hand. */
const largest = 999_999_999n;

/** Reads what a cashier typed, exactly: `19.99` → 1999. At most two decimals (none in yen), above zero. */
export function parseYuan(text: string, limit: bigint = largest, currency?: unknown): YuanReading {
  const plain = text
    .trim()
    .replace(/^[¥￥]\s*/, '')
    .replaceAll(',', '')
    .replaceAll('，', '');
  if (plain === '') return { ok: false, reason: 'empty' };
  const match = /^(\d+)(?:\.(\d{0,2}))?$|^\.(\d{1,2})$/.exec(plain);
  const isWhole = wholeUnits.has(currency);
  if (!match || (isWhole && plain.includes('.'))) return { ok: false, reason: 'format' };
  const decimals = isWhole ? '' : (match[2] ?? match[3] ?? '').padEnd(2, '0');
  const fen = BigInt((match[1] ?? '0') + decimals);
  if (fen === 0n) return { ok: false, reason: 'zero' };
  if (fen > limit) return { ok: false, reason: 'tooLarge' };
  return { ok: true, fen: Number(fen) };
}

/** One key of the on-screen keypad applied to the amount typed so far; a key that makes no amount changes nothing. */
export function pressKey(text: string, key: string): string {
  if (key === 'clear') return '';
  if (key === 'back') return text.slice(0, -1);
  const next = text === '0' && key !== '.' && key !== '00' ? key : text + key;
  const shaped = next.startsWith('.') ? `0${next}` : next;
  return /^\d{0,7}(\.\d{0,2})?$/.test(shaped) ? shaped : text;
}
