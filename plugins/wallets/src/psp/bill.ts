import type { Bill, BillReader } from '@hospital-pay/payments/contract';
import { openNamedBill } from '../bill';
import type { PspWallet } from './config';

/** The neutral protocol's own file: UTF-8, times in the wallet's zone, refunds negative. */
const headings = {
  orderNo: 'order_no',
  channelNo: 'payment_id',
  amount: 'amount',
  time: 'occurred_at',
  refundNo: 'refund_no',
  fee: 'fee',
};

export function openPspBill(bytes: Buffer, about: { date: string; wallet: PspWallet }): Bill {
  const { method, currency, zone } = about.wallet;
  return openNamedBill(bytes, {
    channel: method,
    date: about.date,
    config: {},
    currency,
    zone,
    defaults: headings,
    encoding: 'utf-8',
  });
}

export const pspBillReader =
  (wallet: PspWallet): BillReader =>
  async (bytes, { date }) =>
    openPspBill(bytes, { date, wallet });
