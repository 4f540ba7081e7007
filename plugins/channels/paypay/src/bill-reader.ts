import type { BillReader } from '@hospital-pay/payments/contract';
import { openNamedBill } from '@hospital-pay/wallets';
import { billHeadings, zone } from './config';

export const openBill: BillReader = async (bytes, guard) =>
  openNamedBill(bytes, {
    ...guard,
    channel: 'paypay',
    currency: 'JPY',
    zone,
    defaults: billHeadings,
    encoding: 'shift_jis',
  });
