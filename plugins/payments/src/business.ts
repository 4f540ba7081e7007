import type { Knex } from 'knex';
import { fail } from './errors';
import { isPostgres } from './rows';
import type { MixedRow } from './store';
import type { MixedState } from './types';

/**
 * One business number is paid by one mixed payment or by orders of its own, not by both: who begins second is refused, as
 * long as the first may still bring money or holds it. A quote begins nothing.
 */
interface Business {
  merchantCode: string;
  businessNo: string;
}

const holdingMixed: MixedState[] = [
  'settling',
  'paying',
  'paid',
  'undoing',
  'undo_stopped',
  'refunding',
  'refund_stopped',
];
const holdingOrders = ['created', 'pending', 'unknown', 'paid', 'partially_refunded'];

/** Until this transaction ends nobody else begins to have the same business paid, in any process. */
async function hold(trx: Knex.Transaction, { merchantCode, businessNo }: Business): Promise<void> {
  if (isPostgres(trx)) {
    const name = JSON.stringify(['business', merchantCode, businessNo]);
    await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [name]);
    return;
  }
  // SQLite takes its one write lock with the first statement that may write, whether a row matches or not.
  await trx('orders').where({ id: -1 }).update({ business_no: businessNo });
}

async function refuseMixed(
  trx: Knex.Transaction,
  { merchantCode, businessNo }: Business,
  but: string | null,
): Promise<void> {
  const query = trx('mixed_payments')
    .where({ merchant_code: merchantCode, business_no: businessNo })
    .whereIn('state', holdingMixed);
  if (but !== null) query.whereNot({ mixed_no: but });
  const mixed: { mixed_no: string } | undefined = await query.first('mixed_no');
  if (mixed) throw fail('BUSINESS_BEING_PAID', { businessNo, mixedNo: mixed.mixed_no });
}

/** Before an order of its own is made. @throws BUSINESS_BEING_PAID */
export async function refuseBesideMixed(trx: Knex.Transaction, business: Business): Promise<void> {
  await hold(trx, business);
  await refuseMixed(trx, business, null);
}

/** In the transaction in which the mixed payment begins. @throws BUSINESS_BEING_PAID */
export async function refuseBesideOthers(
  trx: Knex.Transaction,
  { merchantCode, businessNo, mixedNo }: MixedRow,
): Promise<void> {
  if (!businessNo) return;
  const business = { merchantCode, businessNo };
  await hold(trx, business);
  await refuseMixed(trx, business, mixedNo);
  const order: { order_no: string } | undefined = await trx('orders')
    .where({ merchant_code: merchantCode, business_no: businessNo })
    .whereIn('status', holdingOrders)
    .where((other) => other.whereNull('mixed_no').orWhereNot({ mixed_no: mixedNo }))
    .first('order_no');
  if (order) throw fail('BUSINESS_BEING_PAID', { businessNo, orderNo: order.order_no });
}
