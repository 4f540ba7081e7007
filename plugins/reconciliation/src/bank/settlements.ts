import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import type { MerchantScope } from '../figures';
import { readRows } from '../rows';
import { type Settlement, settlementRow } from './bank-rows';

const owned = z.object({ merchantCode: z.string(), accountCode: z.string(), bankAccountCode: z.string() });

/**
 * A rule names accounts of its own merchant: it shows their takings to everybody of that merchant.
 * @throws BANK_SETTLEMENT_MERCHANT naming the fields
 */
export async function checkSettlement(db: Knex, input: unknown): Promise<void> {
  const { merchantCode, accountCode, bankAccountCode } = owned.parse(input);
  const isOwn = async (table: string, code: string) =>
    (await db(table).where({ code, merchant_code: merchantCode }).first()) !== undefined;
  const fields: string[] = [];
  if (!(await isOwn('channel_accounts', accountCode))) fields.push('accountCode');
  if (!(await isOwn('bank_accounts', bankAccountCode))) fields.push('bankAccountCode');
  if (fields.length > 0) throw fail('BANK_SETTLEMENT_MERCHANT', { fields });
}

/** The enabled rules of a scope. An account may have gone to another merchant since its rule was written. */
export async function heldSettlements(db: Knex, scope: MerchantScope): Promise<Settlement[]> {
  const ofMerchant = (table: string, code: string) =>
    db(table)
      .select(db.raw('1'))
      .whereRaw('??.code = bank_settlements.??', [table, code])
      .whereRaw('??.merchant_code = bank_settlements.merchant_code', [table]);
  const query = db('bank_settlements')
    .where({ enabled: true })
    .whereExists(ofMerchant('channel_accounts', 'account_code'))
    .whereExists(ofMerchant('bank_accounts', 'bank_account_code'));
  if (scope !== null) query.whereIn('merchant_code', scope);
  return readRows(settlementRow, await query);
}
