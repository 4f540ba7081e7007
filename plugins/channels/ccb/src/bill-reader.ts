import type { BillReader } from '@hospital-pay/payments/contract';
import { openBill as open } from './bill';

export const openBill: BillReader = async (bytes, { date, config }) =>
  open(bytes, { date, posId: typeof config.posId === 'string' ? config.posId : undefined });
