import type { Knex } from 'knex';
import { z } from 'zod';

/** Amounts of different currencies are never added up: a sum is of one of them. */
export interface CurrencyAsked {
  currency: string;
  /** The hospital's own: what nobody asks otherwise for. */
  own: string;
  /** Those that the hospital takes, its own first. */
  currencies: string[];
  /** Of each account: what it took last. */
  byAccount: Map<string, string>;
}

/** What amounts can be written in; a row that does not say is of CNY. */
export const knownCurrency = z.enum(['CNY', 'JPY', 'TWD', 'THB', 'HKD', 'USD']).catch('CNY');

const text = z
  .string()
  .nullish()
  .transform((value) => value || 'CNY');
const accountRow = z.object({ code: z.string(), currency: z.string().nullable() });

export async function ownCurrency(db: Knex, scope: string[] | null): Promise<string> {
  const query = db('merchants').orderBy('code').select('currency');
  const row: unknown = await (scope === null ? query : query.whereIn('code', scope)).first();
  return z.object({ currency: text }).parse(row ?? {}).currency;
}

export async function askedCurrency(
  db: Knex,
  scope: string[] | null,
  asked: string | undefined,
): Promise<CurrencyAsked> {
  const own = await ownCurrency(db, scope);
  const latest = db('orders')
    .whereRaw('orders.account_code = channel_accounts.code')
    .orderBy('orders.created_time', 'desc')
    .limit(1)
    .select('orders.currency');
  const query = db('channel_accounts').select('code', latest.as('currency'));
  const rows: unknown = await (scope === null ? query : query.whereIn('merchant_code', scope));
  const byAccount = new Map(
    z
      .array(accountRow)
      .parse(rows)
      .map(({ code, currency }) => [code, currency ?? own]),
  );
  const currencies = [...new Set([own, ...[...byAccount.values()].sort()])];
  return { currency: asked ?? own, own, currencies, byAccount };
}

/** Rows that say their currency, or are of CNY. */
export const inCurrency = (query: Knex.QueryBuilder, table: string, currency: string): Knex.QueryBuilder =>
  query.whereRaw("coalesce(??, 'CNY') = ?", [`${table}.currency`, currency]);

/**
 * Cases did not say their currency once. Those of before get their account's; a case without an account that in which HIS
 * booked.
 */
export const giveCasesTheirCurrency = (db: Knex): Knex.Raw =>
  db.raw(
    `UPDATE discrepancies SET currency = coalesce(
       (SELECT o.currency FROM orders o WHERE o.account_code = discrepancies.account_code
        ORDER BY o.created_time DESC LIMIT 1),
       (SELECT h.currency FROM his_records h WHERE discrepancies.account_code IS NULL
        AND h.merchant_code = discrepancies.merchant_code AND h.his_serial_no = discrepancies.his_serial_no),
       (SELECT m.currency FROM merchants m WHERE m.code = discrepancies.merchant_code),
       'CNY')
     WHERE currency IS NULL`,
  );
