import { z } from 'zod';
import type { InsuranceSplit, SettledClaim } from '../contract';
import type { Core } from '../core';
import { fail } from '../errors';
import { type OrderRow, payerActionSchema } from '../store';

const fen = z.int().nonnegative();
export const splitSchema = z.object({ fundFen: fen, accountFen: fen, otherFen: fen, cashFen: fen });

/** What identifies the patient and opens the claim: kept encrypted, for as long as the payment may be given back. */
const sealedSchema = z.object({
  details: z.record(z.string(), z.unknown()),
  token: z.string().exactOptional(),
  cash: z.object({ attemptNo: z.string(), payerAction: payerActionSchema }).exactOptional(),
});
export type Sealed = z.infer<typeof sealedSchema>;

const contextOf = (mixedNo: string) => `mixed-payment:${mixedNo}`;

export const seal = (core: Core, mixedNo: string, content: Sealed): string =>
  core.vault.seal(JSON.stringify(content), contextOf(mixedNo));

export const unseal = (core: Core, mixedNo: string, sealed: string): Sealed =>
  sealedSchema.parse(JSON.parse(core.vault.open(sealed, contextOf(mixedNo))));

export const insuranceOrderNoOf = (mixedNo: string): string => `${mixedNo}I`;
export const cashOrderNoOf = (mixedNo: string): string => `${mixedNo}C`;

/** All but the cash. */
export const insuredFen = (split: InsuranceSplit): number =>
  split.fundFen + split.accountFen + split.otherFen;

const claimRow = z.object({
  claim_no: z.string(),
  sealed: z.string(),
  fund_fen: z.coerce.number(),
  account_fen: z.coerce.number(),
  other_fen: z.coerce.number(),
  cash_fen: z.coerce.number(),
});

/** The claim that an order settled, exactly as its channel was given it; undefined for an order without one. */
export async function claimOf(
  core: Core,
  order: Pick<OrderRow, 'orderNo' | 'mixedNo'>,
): Promise<SettledClaim | undefined> {
  const { mixedNo, orderNo } = order;
  if (mixedNo === null || orderNo !== insuranceOrderNoOf(mixedNo)) return undefined;
  const row: object | undefined = await core.db('mixed_payments').where({ mixed_no: mixedNo }).first();
  if (!row) throw fail('MIXED_NOT_FOUND');
  const { claim_no, sealed, fund_fen, account_fen, other_fen, cash_fen } = claimRow.parse(row);
  const split = { fundFen: fund_fen, accountFen: account_fen, otherFen: other_fen, cashFen: cash_fen };
  return { claimNo: claim_no, split, ...unseal(core, mixedNo, sealed) };
}
