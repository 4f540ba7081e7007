import { type BillLine, type BillTable, cutTable } from '@hospital-pay/payments/contract';
import { readRow, readTotals, required, type Stated, title } from './bill';
import {
  type BillGuard,
  Columns,
  checkComment,
  detailEntry,
  isTableEnd,
  money,
  textPieces,
} from './bill-text';

const isBlank = (line: string): boolean => line.trim() === '';

/** The trade bill as a table; what is not laid out as usual is left to `openTradeBill`. @throws BillError */
export async function openTradeTable(bytes: Buffer, guard: BillGuard): Promise<BillTable | undefined> {
  const cut = await cutTable(
    textPieces(detailEntry(bytes, title)),
    (line) => !line.startsWith('#') && !isBlank(line),
    '#',
  );
  if (cut === undefined) return undefined;
  const comments = cut.head.slice(0, -1).filter((line) => !isBlank(line));
  checkComments(comments, guard);
  if (comments.some(isTableEnd)) return undefined;
  const header = { lineNo: cut.head.length, text: cut.head.at(-1) ?? '' };
  const columns = new Columns(header, required, '商品名称');
  const placeOf = (name: (typeof required)[number]): number => {
    const place = columns.place(name);
    if (place === undefined) throw new Error(`${name} twice`);
    return place;
  };
  const optional = (name: string): number[] => {
    const place = columns.place(name);
    return place === undefined ? [] : [place];
  };
  const amount = placeOf('订单金额(元)');
  const summed = [
    { name: '商家实收(元)', cell: placeOf('商家实收(元)') },
    ...optional('商家优惠(元)').map((cell) => ({ name: '商家优惠(元)', cell })),
  ];
  return {
    firstLineNo: header.lineNo + 1,
    rows: cut.rows,
    layout: {
      width: columns.width,
      opening: '',
      separator: ',',
      isTabbed: true,
      time: [...optional('完成时间'), placeOf('创建时间')],
      utcOffsetMinutes: 480,
      orderNo: placeOf('商户订单号'),
      channelNo: placeOf('支付宝交易号'),
      channelNoIsDigits: true,
      // Refunded without a number of its own, a refund goes by the order's.
      refundNo: { cell: placeOf('退款批次号/请求号'), none: [''], otherwise: 'order number' },
      fee: { cell: placeOf('服务费(元)'), decimals: 2 },
      kind: placeOf('业务类型'),
      lines: {
        交易: [{ kind: 'payment', amount, isNegative: false, fee: 'by kind' }],
        退款: [{ kind: 'refund', amount, isNegative: true, fee: 'by kind' }],
      },
      fixed: [],
      summed: summed.map((each) => ({ cell: each.cell, decimals: 2 })),
    },
    row(text, lineNo) {
      const line = { lineNo, text };
      const cell = columns.row(line);
      return { lines: [readRow(cell, line)], summed: summed.map(({ name }) => money(cell(name), line)) };
    },
    agrees({ payment, refund }) {
      const lines = cut.tail().filter((line) => !isBlank(line));
      if (!lines.every((line) => line.startsWith('#')) || !lines.some(isTableEnd)) return false;
      checkComments(lines, guard);
      const stated: Partial<Record<BillLine['kind'], Stated>> = {};
      for (const line of lines) {
        const totals = readTotals(line);
        if (totals) stated[totals.direction] = totals.stated;
      }
      return [
        { says: stated.payment, gives: payment },
        { says: stated.refund, gives: refund },
      ].every(({ says, gives: { count, summed } }) => {
        const [received = 0, discount = 0] = summed;
        return (
          says?.count === count &&
          says.receivedFen === Math.abs(received) &&
          says.discountFen === Math.abs(discount)
        );
      });
    },
  };
}

function checkComments(lines: string[], guard: BillGuard): void {
  for (const text of lines) checkComment({ lineNo: 0, text }, guard);
}
