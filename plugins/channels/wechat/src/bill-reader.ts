import { BillError, type BillReader } from '@hospital-pay/payments/contract';
import { readTradeBill } from './bill';
import { openBill as openFile } from './bill-text';

/** The file itself names no day: its payments do. */
export const openBill: BillReader = async (bytes, { date, config }) => {
  const { totals, lines } = await readTradeBill(
    await openFile(bytes, undefined),
    typeof config.mchid === 'string' ? config.mchid : undefined,
  );
  return {
    kind: 'ready',
    file: { name: `wechat-trade-${date}.csv${bytes[0] === 0x1f ? '.gz' : ''}`, bytes },
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
