import { deflateSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { zip } from '../alipay/zip';
import { chinaCompact } from '../clock';
import type { Ledger, Payment, Refund } from '../ledger';
import { feeOf } from '../yuan';
import type { UnionpayCredentials } from './credentials';

/** Field widths of UnionPay's ZM file, 42 fields, one space between two. */
const WIDTHS = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];

const monthToSecond = (at: number) => chinaCompact(at).slice(4);
const twelve = (fen: number) => `${fen}`.padStart(12, '0');
/** `C` to the merchant, `D` from it. */
const signed = (fen: number) => `${fen < 0 ? 'D' : 'C'}${twelve(Math.abs(fen))}`;

function line(fields: Record<number, string>): Buffer {
  const cells = WIDTHS.map((width, at) => {
    const cell = Buffer.alloc(width, ' ');
    iconv.encode(fields[at + 1] ?? '', 'gbk').copy(cell);
    return cell.toString('latin1');
  });
  return Buffer.from(`${cells.join(' ')}\r\n`, 'latin1');
}

interface Row {
  at: number;
  code: string;
  type: string;
  queryId: string;
  orderId: string;
  amountFen: number;
  feeFen: number;
  payment: Payment;
}

function zmLine(own: UnionpayCredentials, row: Row): Buffer {
  const isPayment = row.type === '01';
  const settled = isPayment ? row.amountFen - row.feeFen : row.feeFen - row.amountFen;
  return line({
    1: row.code,
    2: '48420000',
    3: '48420000',
    4: row.queryId.slice(-6),
    5: monthToSecond(row.at),
    6: '621234****5678',
    7: twelve(row.amountFen),
    8: '8062',
    9: '08',
    10: row.queryId,
    11: '01',
    12: row.orderId,
    13: '01',
    14: isPayment ? '' : row.payment.tradeNo.slice(-6),
    15: isPayment ? '' : monthToSecond(row.payment.paidAt ?? row.at),
    16: signed(isPayment ? -row.feeFen : row.feeFen),
    17: signed(settled),
    18: '0001',
    20: row.type,
    21: row.payment.scene === 'micropay' ? '06' : '07',
    22: '000000',
    23: '01',
    27: isPayment ? '' : row.payment.tradeNo,
    28: own.merId,
    31: '示范医院',
    33: signed(settled),
    34: row.payment.terminalId ?? '',
    36: signed(0),
    37: signed(0),
    41: isPayment ? '' : row.payment.outTradeNo,
  });
}

/** The settlement day's file as `fileContent` carries it, or null when the day had no transactions. */
export function zmFile(
  ledger: Ledger,
  own: UnionpayCredentials,
  day: string,
): { name: string; content: string } | null {
  const { payments, refunds } = ledger.billRows('unionpay', own.merId, day);
  const rows: Row[] = [
    ...payments.map((payment) => ({
      at: payment.paidAt ?? payment.createdAt,
      code: 'S22',
      type: '01',
      queryId: payment.tradeNo,
      orderId: payment.outTradeNo,
      amountFen: payment.amountFen,
      feeFen: feeOf(payment.amountFen, own.feeBasisPoints),
      payment,
    })),
    ...refunds
      .filter((refund) => refund.state === 'succeeded')
      .map((refund) => refundRow(ledger, own, refund)),
  ];
  if (rows.length === 0) return null;
  const prefix = `INN${day.slice(2).replaceAll('-', '')}88`;
  const archive = zip([
    { name: Buffer.from(`${prefix}ZME_${own.merId}`), content: Buffer.alloc(0) },
    {
      name: Buffer.from(`${prefix}ZM_${own.merId}`),
      content: Buffer.concat(rows.map((row) => zmLine(own, row))),
    },
  ]);
  return {
    name: `${own.merId}_${day.replaceAll('-', '')}.zip`,
    content: deflateSync(archive).toString('base64'),
  };
}

function refundRow(ledger: Ledger, own: UnionpayCredentials, refund: Refund): Row {
  const payment = ledger.payment('unionpay', refund.merchant, refund.outTradeNo);
  if (payment === null) throw new Error(`the ledger lost ${refund.outTradeNo}`);
  return {
    at: refund.createdAt,
    code: 'S30',
    type: '04',
    queryId: refund.refundId,
    orderId: refund.refundNo,
    amountFen: refund.amountFen,
    feeFen: feeOf(refund.amountFen, own.feeBasisPoints),
    payment,
  };
}
