import type { BillReader } from '@hospital-pay/payments/contract';
import { openTradeBill } from './bill';

export const openBill: BillReader = (bytes, { date, config }) =>
  openTradeBill(bytes, {
    date,
    sellerId: typeof config.sellerId === 'string' && config.sellerId !== '' ? config.sellerId : undefined,
  });
