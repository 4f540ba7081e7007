import type { BillReader } from '@hospital-pay/payments/contract';
import { openSettlements } from './bill';

export const openBill: BillReader = async (bytes, { date, config }) =>
  openSettlements(bytes, { date, orgCodg: String(config.orgCodg ?? '') });
