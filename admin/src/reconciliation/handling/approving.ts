import type { Row } from '../../http/contracts';
import { type Fen, toBigInt } from '../../money';

const isFen = (value: unknown): value is Fen => typeof value === 'string' || typeof value === 'number';

/** What goes back to patients as soon as these proposals are approved; currencies do not add up. */
export function refundsOf(rows: Row[]): { count: number; totals: { currency: string; fen: bigint }[] } {
  const refunds = rows.filter(({ proposedAction }) => proposedAction === 'online_refund');
  const sums = new Map<string, bigint>();
  for (const { proposedFen, currency } of refunds) {
    const code = typeof currency === 'string' ? currency : 'CNY';
    sums.set(code, (sums.get(code) ?? 0n) + (isFen(proposedFen) ? (toBigInt(proposedFen) ?? 0n) : 0n));
  }
  return { count: refunds.length, totals: [...sums].map(([currency, fen]) => ({ currency, fen })) };
}
