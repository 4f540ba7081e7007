import { z } from 'zod';
import type { Payment } from '../ledger';

/** Who bears a fee, in fen. */
const shares = z.object({ total: z.number(), fund: z.number(), account: z.number(), own: z.number() });
export type Shares = z.infer<typeof shares>;

const kept = z.object({ shares, payToken: z.string(), idNo: z.string() });

/** What is kept with a settlement as text, for the ledger knows one amount only. */
export function keptWith(payment: Payment | null): z.infer<typeof kept> | null {
  return kept
    .nullable()
    .catch(null)
    .parse(JSON.parse(payment?.attach ?? 'null'));
}
