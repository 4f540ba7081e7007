import { parseYuan } from '../money';

/** Notes and coins in the minor unit: of yuan, and as it happens of yen. */
export const notes = [10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10] as const;

export interface Counting {
  /** Pieces by note or coin, as typed; empty is none. */
  pieces: Record<number, number | null>;
  /** Taken and given back by payment type, as typed from the terminal's slip. */
  slips: Record<string, { taken: string; refunded: string }>;
  note: string;
}

export const nothingCounted: Counting = { pieces: {}, slips: {}, note: '' };

/** The drawer in fen; undefined while nothing was counted. */
export function drawerFen({ pieces }: Counting): number | undefined {
  const counted = Object.entries(pieces).filter(([, count]) => count !== null);
  if (counted.length === 0) return undefined;
  return counted.reduce((sum, [fen, count]) => sum + Number(fen) * (count ?? 0), 0);
}

/** An amount in the currency's minor unit; nothing typed, or a zero, is 0; undefined is no amount. */
export function typedFen(text: string, currency: string | undefined): number | undefined {
  const read = parseYuan(text, undefined, currency);
  if (read.ok) return read.fen;
  return read.reason === 'empty' || read.reason === 'zero' ? 0 : undefined;
}

/** What is sent when a shift is closed; undefined while something typed is no amount. */
export function closingBody(counting: Counting, currency: string): Record<string, unknown> | undefined {
  const terminalTotals = [];
  for (const [payType, { taken, refunded }] of Object.entries(counting.slips)) {
    if (taken.trim() === '' && refunded.trim() === '') continue;
    const takenFen = typedFen(taken, currency);
    const refundedFen = typedFen(refunded, currency);
    if (takenFen === undefined || refundedFen === undefined) return undefined;
    terminalTotals.push({ payType, takenFen, refundedFen });
  }
  const denominations = Object.entries(counting.pieces).flatMap(([fen, count]) =>
    count === null ? [] : [{ fen: Number(fen), count }],
  );
  return {
    ...(denominations.length > 0 ? { denominations } : {}),
    ...(terminalTotals.length > 0 ? { terminalTotals } : {}),
    ...(counting.note.trim() ? { note: counting.note.trim() } : {}),
  };
}
