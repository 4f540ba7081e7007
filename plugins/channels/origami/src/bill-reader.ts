import type { BillReader } from '@hospital-pay/payments/contract';
import { openNamedBill } from '@hospital-pay/wallets';

export const openBill: BillReader = async (bytes, guard) =>
  openNamedBill(bytes, {
    ...guard,
    channel: 'origami',
    currency: 'JPY',
    zone: 'Asia/Tokyo',
    defaults: {},
    encoding: 'shift_jis',
  });
