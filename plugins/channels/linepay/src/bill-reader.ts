import type { BillReader } from '@hospital-pay/payments/contract';
import { openNamedBill } from '@hospital-pay/wallets';
import { billHeadings, placeOf } from './config';

export const openBill: BillReader = async (bytes, guard) =>
  openNamedBill(bytes, {
    ...guard,
    ...placeOf(guard.config),
    channel: 'linepay',
    defaults: billHeadings,
    encoding: 'utf-8',
  });
