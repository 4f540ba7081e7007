import { type BillTable, cutTable } from '@hospital-pay/payments/contract';
import { placesOf, readRow, readSummary } from './bill';
import { textPieces } from './bill-text';

const opening = '交易时间';
const closing = '总交易单数';

/**
 * The trade bill of `date` as a table; what is not laid out as usual is left to `readTradeBill`. `mchid`: whose lines
 * they must be. @throws BillError
 */
export async function openTradeTable(
  bytes: Buffer,
  date: string,
  mchid: string | undefined,
): Promise<BillTable | undefined> {
  const cut = await cutTable(textPieces(bytes), () => true, closing);
  const [line = ''] = cut?.head ?? [];
  if (cut === undefined || !line.startsWith(opening)) return undefined;
  const places = placesOf({ line, lineNo: 1 });
  if (places.amount === undefined || places.refundAmount === undefined) return undefined;
  const paid = { kind: 'payment', amount: places.amount, isNegative: false, fee: 'as written' } as const;
  const back = { kind: 'refund', amount: places.refundAmount, isNegative: false, fee: 'as written' } as const;
  const fee = { cell: places.fee, decimals: 5 } as const;
  return {
    firstLineNo: 2,
    rows: cut.rows,
    layout: {
      width: places.width,
      opening: '`',
      separator: ',`',
      isTabbed: false,
      time: [places.time],
      utcOffsetMinutes: 480,
      paymentDay: date,
      orderNo: places.orderNo,
      channelNo: places.channelNo,
      channelNoIsDigits: false,
      refundNo: { cell: places.refundNo, none: ['', '0'], otherwise: 'none' },
      fee,
      kind: places.state,
      lines: {
        SUCCESS: [paid],
        REFUND: [back],
        // A reversal gives back like a refund. Where the row repeats what was taken, both directions are lines.
        REVOKED: [
          { ...paid, mayBeAbsent: true },
          { ...back, mayBeAbsent: true },
        ],
      },
      fixed:
        mchid === undefined || places.merchant === undefined ? [] : [{ cell: places.merchant, text: mchid }],
      summed: [fee],
    },
    row(text, lineNo) {
      const { lines, feeUnits } = readRow(text, lineNo, places, mchid);
      return { lines, summed: [feeUnits] };
    },
    agrees({ rows, payment, refund }) {
      const [header, row, more] = cut.tail().filter((text) => text !== '');
      if (header === undefined || row === undefined || more !== undefined) return false;
      const stated = readSummary({ header, row, lineNo: rows + 3 });
      const [paidUnits = 0] = payment.summed;
      const [backUnits = 0] = refund.summed;
      return (
        (stated.count === rows || stated.count === payment.count) &&
        (stated.paymentFen ?? payment.fen) === payment.fen &&
        (stated.refundFen ?? refund.fen) === refund.fen &&
        (stated.fee?.units ?? paidUnits + backUnits) === paidUnits + backUnits
      );
    },
  };
}
