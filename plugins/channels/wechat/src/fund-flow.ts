import { BillError, type BillTotals, type FundFlowLine } from '@hospital-pay/payments/contract';
import {
  amountCell,
  type BillSections,
  Columns,
  countCell,
  dataCells,
  findSections,
  textLines,
  timeCell,
  unescapeCell,
} from './bill-text';

interface Places {
  width: number;
  time: number;
  businessNo: number;
  flowNo: number;
  name: number;
  type: number;
  direction: number;
  amount: number;
  balance: number | undefined;
  voucher: number | undefined;
}

function placesOf(header: BillSections['header']): Places {
  const columns = new Columns(header.line, header.lineNo);
  return {
    width: columns.width,
    time: columns.need('记账时间'),
    businessNo: columns.need('微信支付业务单号'),
    flowNo: columns.need('资金流水单号'),
    name: columns.need('业务名称'),
    type: columns.need('业务类型'),
    direction: columns.need('收支类型'),
    amount: columns.need('收支金额(元)', '收支金额（元）'),
    balance: columns.find('账户结余(元)', '账户结余（元）'),
    voucher: columns.find('业务凭证号'),
  };
}

function readLine(line: string, lineNo: number, places: Places): FundFlowLine {
  const cells = dataCells(line, lineNo);
  if (cells.length !== places.width) {
    throw new BillError('LINE', `${cells.length} cells below ${places.width} columns`, lineNo);
  }
  const cell = (place: number | undefined): string => (place === undefined ? '' : (cells[place] ?? ''));
  const direction = cell(places.direction);
  if (direction !== '收入' && direction !== '支出') {
    throw new BillError('LINE', `unknown 收支类型 ${direction}`, lineNo);
  }
  const amount = amountCell(cell(places.amount), '收支金额', lineNo);
  const voucher = cell(places.voucher);
  return {
    lineNo,
    flowNo: cell(places.flowNo),
    businessNo: cell(places.businessNo),
    ...(voucher !== '' ? { orderNo: unescapeCell(voucher) } : {}),
    kind: unescapeCell(cell(places.type) || cell(places.name)),
    amountFen: direction === '支出' && amount !== 0 ? -amount : amount,
    ...(places.balance === undefined
      ? {}
      : { balanceFen: amountCell(cell(places.balance), '账户结余', lineNo) }),
    occurredAt: timeCell(cell(places.time), '记账时间', lineNo),
    raw: line,
  };
}

function readSummary({ header, row, lineNo }: BillSections['summary']): BillTotals & { count: number } {
  const columns = new Columns(header, lineNo - 1);
  const cells = dataCells(row, lineNo);
  if (cells.length !== columns.width)
    throw new BillError('TRUNCATED', 'the summary row is incomplete', lineNo);
  const cell = (name: string) => cells[columns.need(name)] ?? '';
  return {
    count: countCell(cell('资金流水总笔数'), '资金流水总笔数', lineNo),
    payments: countCell(cell('收入笔数'), '收入笔数', lineNo),
    paymentFen: amountCell(cell('收入金额'), '收入金额', lineNo),
    refunds: countCell(cell('支出笔数'), '支出笔数', lineNo),
    refundFen: amountCell(cell('支出金额'), '支出金额', lineNo),
  };
}

export interface ReadFundFlow {
  /** Money in counts as payments, money out as refunds. */
  totals: BillTotals;
  lines(): AsyncIterable<FundFlowLine>;
}

/** Reads a 资金账单. @throws BillError as `readTradeBill` does. */
export async function readFundFlowBill(bytes: Buffer): Promise<ReadFundFlow> {
  const sections = await findSections(bytes, '记账时间', '资金流水总笔数', () => undefined);
  const places = placesOf(sections.header);
  const { count, ...totals } = readSummary(sections.summary);

  async function* lines(): AsyncGenerator<FundFlowLine> {
    let moneyIn = 0;
    let moneyOut = 0;
    let inFen = 0;
    let outFen = 0;
    for await (const { lineNo, line } of textLines(bytes)) {
      if (lineNo <= sections.header.lineNo) continue;
      if (lineNo >= sections.summary.lineNo - 1) break;
      const found = readLine(line, lineNo, places);
      const direction = dataCells(line, lineNo)[places.direction];
      if (direction === '收入') {
        moneyIn += 1;
        inFen += found.amountFen;
      } else {
        moneyOut += 1;
        outFen -= found.amountFen;
      }
      yield found;
    }
    const checks: [string, number, number][] = [
      ['count', moneyIn + moneyOut, count],
      ['income count', moneyIn, totals.payments],
      ['income (fen)', inFen, totals.paymentFen],
      ['expense count', moneyOut, totals.refunds],
      ['expense (fen)', outFen, totals.refundFen],
    ];
    for (const [what, ours, theirs] of checks) {
      if (ours !== theirs) {
        throw new BillError(
          'TOTALS',
          `${what}: lines give ${ours}, the summary states ${theirs}`,
          sections.summary.lineNo,
        );
      }
    }
  }
  return { totals, lines };
}
