import type { BillReader } from '@hospital-pay/payments/contract';
import { pspBillReader } from '@hospital-pay/wallets';
import { placeOf } from './config';

export const openBill: BillReader = (bytes, guard) =>
  pspBillReader({ method: 'applepay', ...placeOf(guard.config) })(bytes, guard);
