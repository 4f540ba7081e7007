import type { BillReader, BillTableReader, BillGuard as Guard } from '@hospital-pay/payments/contract';
import { openTradeBill } from './bill';
import { openTradeTable } from './bill-table';
import type { BillGuard } from './bill-text';

const guardOf = ({ date, config }: Guard): BillGuard => ({
  date,
  sellerId: typeof config.sellerId === 'string' && config.sellerId !== '' ? config.sellerId : undefined,
});

export const openBill: BillReader = (bytes, guard) => openTradeBill(bytes, guardOf(guard));

export const openTable: BillTableReader = (bytes, guard) => openTradeTable(bytes, guardOf(guard));
