import type { Knex } from 'knex';
import { z } from 'zod';
import type { HisRecord } from './record';

const mixedRow = z.object({
  mixed_no: z.string(),
  merchant_order_no: z.string(),
  insurance_channel: z.string(),
  insurance_order_no: z.string().nullable(),
  cash_order_no: z.string().nullable(),
  cash_channel: z.string().nullable(),
});

/** HIS has one number for both halves. */
export const cashSerialOf = (hisSerialNo: string): string => `${hisSerialNo}-C`;

/**
 * A record of a mixed payment becomes a record of each of its orders: every half is then compared with what its own
 * channel says. A record that tells no shares, or names no mixed payment, stays whole.
 */
export async function mixedFinder(
  db: Knex,
  merchantCode: string,
  records: HisRecord[],
): Promise<(record: HisRecord) => HisRecord[]> {
  const named = records.flatMap(({ fundFen, orderNo }) =>
    fundFen !== undefined && orderNo ? [orderNo] : [],
  );
  const found = new Map<string, z.infer<typeof mixedRow>>();
  for (const column of named.length > 0
    ? ['mixed_payments.mixed_no', 'mixed_payments.merchant_order_no']
    : []) {
    const rows: unknown = await db('mixed_payments')
      .leftJoin('orders', 'orders.order_no', 'mixed_payments.cash_order_no')
      .where({ 'mixed_payments.merchant_code': merchantCode })
      .whereIn(column, named)
      .select(
        'mixed_payments.mixed_no',
        'mixed_payments.merchant_order_no',
        'insurance_channel',
        'insurance_order_no',
        'cash_order_no',
        'orders.channel as cash_channel',
      );
    for (const row of z.array(mixedRow).parse(rows)) {
      found.set(row.mixed_no, row).set(row.merchant_order_no, row);
    }
  }
  return (record) => {
    const mixed = found.get(record.orderNo ?? '');
    return mixed && record.fundFen !== undefined ? halvesOf(record, mixed) : [record];
  };
}

function halvesOf(record: HisRecord, mixed: z.infer<typeof mixedRow>): HisRecord[] {
  const { fundFen = 0, accountFen = 0, otherFen = 0, cashFen = 0 } = record;
  const insuredFen = fundFen + accountFen + otherFen;
  const whole = { ...record, cashFen: undefined, refundNo: undefined };
  const halves: HisRecord[] = [];
  if (insuredFen > 0) {
    halves.push({
      ...whole,
      amountFen: insuredFen,
      orderNo: mixed.insurance_order_no ?? record.orderNo,
      payType: mixed.insurance_channel,
    });
  }
  if (cashFen > 0) {
    halves.push({
      ...whole,
      hisSerialNo: insuredFen > 0 ? cashSerialOf(record.hisSerialNo) : record.hisSerialNo,
      amountFen: cashFen,
      fundFen: undefined,
      accountFen: undefined,
      otherFen: undefined,
      orderNo: mixed.cash_order_no ?? record.orderNo,
      payType: mixed.cash_channel ?? record.payType,
      channelTradeNo: undefined,
    });
  }
  return halves;
}
