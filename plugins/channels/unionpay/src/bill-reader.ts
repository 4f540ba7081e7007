import type { BillReader } from '@hospital-pay/payments/contract';
import { openZmBill } from './bill';

export const openBill: BillReader = async (bytes, { date, config }) =>
  openZmBill(bytes, { date, merId: typeof config.merId === 'string' ? config.merId : undefined });
