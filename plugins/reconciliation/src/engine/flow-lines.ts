import type { FundFlowLine } from '@hospital-pay/payments';
import { type BillSums, quoted, writeParquet } from './bill-lines';

const columns = {
  line_no: 'INTEGER',
  flow_no: 'VARCHAR',
  business_no: 'VARCHAR',
  order_no: 'VARCHAR',
  flow: 'VARCHAR',
  label: 'VARCHAR',
  amount_fen: 'BIGINT',
  occurred_at: 'BIGINT',
  raw: 'VARCHAR',
};

/** What a movement of the merchant's account is for. */
export type FlowKind = 'trade' | 'fee' | 'withdrawal';

/**
 * By the channel's own word for it (业务类型). The words of fees (手续费, 收费, 服务费) and of transfers to the bank (提现,
 * 结算) are those of WeChat Pay's and Alipay's descriptions; unverified against a real account's files.
 */
export function flowKind(label: string): FlowKind {
  if (/提现|结算|转出到银行|转账到银行/.test(label)) return 'withdrawal';
  return /手续费|收费|服务费/.test(label) ? 'fee' : 'trade';
}

/** Sums of a fund-flow bill, in fen: money in as payments, money out as refunds, fees and transfers to the bank of that. */
export interface FlowSums extends BillSums {
  withdrawnFen: number;
}

/** Writes a fund-flow bill's lines as Parquet. @throws BillError from the lines */
export async function writeFlows(
  lines: AsyncIterable<FundFlowLine>,
  target: string,
  folder: string,
): Promise<FlowSums> {
  const sums = { payments: 0, paymentFen: 0, refunds: 0, refundFen: 0, feeFen: 0, withdrawnFen: 0 };
  await writeParquet(
    lines,
    (line) => {
      const kind = flowKind(line.kind);
      if (line.amountFen < 0) {
        sums.refunds += 1;
        sums.refundFen -= line.amountFen;
      } else {
        sums.payments += 1;
        sums.paymentFen += line.amountFen;
      }
      if (kind === 'fee') sums.feeFen -= line.amountFen;
      if (kind === 'withdrawal') sums.withdrawnFen -= line.amountFen;
      return `${line.lineNo},${quoted(line.flowNo)},${quoted(line.businessNo)},${quoted(line.orderNo ?? '')},${kind},${quoted(line.kind)},${line.amountFen},${line.occurredAt.getTime()},${quoted(line.raw)}\n`;
    },
    columns,
    target,
    folder,
  );
  return sums;
}
