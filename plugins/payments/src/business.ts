import type { Knex } from 'knex';
import { fail } from './errors';
import { isPostgres } from './rows';
import type { MixedRow } from './store';
import type { MixedState } from './types';

/**
 * One business number is paid by a mixed payment or by an order, not by both: who begins second is refused, as long as the
 * first may still bring money or holds it. A quote begins nothing.
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

/** Before an order of its own is made. @throws BUSINESS_BEING_PAID */
export async function refuseBesideMixed(trx: Knex.Transaction, business: Business): Promise<void> {
  await hold(trx, business);
  const { merchantCode, businessNo } = business;
  const mixed: { mixed_no: string } | undefined = await trx('mixed_payments')
    .where({ merchant_code: merchantCode, business_no: businessNo })
    .whereIn('state', holdingMixed)
    .first('mixed_no');
  if (mixed) throw fail('BUSINESS_BEING_PAID', { businessNo, mixedNo: mixed.mixed_no });
}

/** In the transaction in which the mixed payment begins. @throws BUSINESS_BEING_PAID */
export async function refuseBesideOrders(
  trx: Knex.Transaction,
  { merchantCode, businessNo, mixedNo }: MixedRow,
): Promise<void> {
  if (!businessNo) return;
  await hold(trx, { merchantCode, businessNo });
  const order: { order_no: string } | undefined = await trx('orders')
    .where({ merchant_code: merchantCode, business_no: businessNo })
    .whereIn('status', holdingOrders)
    .where((other) => other.whereNull('mixed_no').orWhereNot({ mixed_no: mixedNo }))
    .first('order_no');
  if (order) throw fail('BUSINESS_BEING_PAID', { businessNo, orderNo: order.order_no });
}
