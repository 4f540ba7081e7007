import {
  BillError,
  type BillReader,
  type BillTableReader,
  type ChannelConfig,
} from '@hospital-pay/payments/contract';
import { readTradeBill } from './bill';
import { openTradeTable } from './bill-table';
import { isGzip } from './bill-text';

const mchidOf = (config: ChannelConfig): string | undefined =>
  typeof config.mchid === 'string' ? config.mchid : undefined;

export const openTable: BillTableReader = (bytes, { date, config }) =>
  openTradeTable(bytes, date, mchidOf(config));

/** The file itself names no day: its payments do. */
export const openBill: BillReader = async (bytes, { date, config }) => {
  const { totals, lines } = await readTradeBill(bytes, mchidOf(config));
  return {
    kind: 'ready',
    file: { name: `wechat-trade-${date}.csv${isGzip(bytes) ? '.gz' : ''}`, bytes },
    totals,
    async *lines() {
      for await (const line of lines()) {
        if (line.kind === 'payment' && line.settledOn !== date) {
          throw new BillError('DAY', `a payment of another day (${line.settledOn})`, line.lineNo);
        }
        yield line;
      }
    },
  };
};
