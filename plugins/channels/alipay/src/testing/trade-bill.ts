import { formatAmount } from '@hospital-pay/payments/contract';
import { gbk, zip } from './archive';

/** A trade bill written by hand, independently of the code that reads it. */
export interface Row {
  kind: 'payment' | 'refund';
  orderNo: string;
  refundNo?: string;
  channelNo: string;
  title?: string;
  amountFen: number;
  discountFen?: number;
  feeFen: number;
  at: string;
}

export const header25 =
  '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注';

export const header29 =
  '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注,实收净额（元）,商户识别号,交易方式,花呗分期手续费（元）';

export function rowText(row: Row, wide = false): string {
  const sign = row.kind === 'refund' ? -1 : 1;
  const discount = row.discountFen ?? 0;
  const yuan = (fen: number) => formatAmount(fen === 0 ? 0 : sign * fen);
  const cells = [
    `${row.channelNo}\t`,
    `${row.orderNo}\t`,
    row.kind === 'payment' ? '交易' : '退款',
    row.title ?? '挂号费',
    row.at,
    row.at,
    '',
    '',
    '',
    'T01\t',
    '*三(138****0001)',
    yuan(row.amountFen),
    yuan(row.amountFen - discount),
    '0.00',
    '0.00',
    '0.00',
    yuan(discount),
    '0.00',
    '',
    '0.00',
    '0.00',
    row.refundNo === undefined ? '' : `${row.refundNo}\t`,
    // What Alipay keeps is negative, what it gives back positive.
    formatAmount(row.feeFen === 0 ? 0 : -sign * row.feeFen),
    '0.00',
    '',
  ];
  return [...cells, ...(wide ? [yuan(row.amountFen - discount), '', '当面付', '0.00'] : [])].join(',');
}

export interface BillText {
  date: string;
  rows: Row[];
  account?: string;
  wide?: boolean;
  header?: string;
  /** Said instead of the sums. */
  totals?: [string, string];
}

export function billText(bill: BillText): string {
  const [year, month, day] = bill.date.split('-');
  const side = (kind: Row['kind']) => bill.rows.filter((row) => row.kind === kind);
  const received = (rows: Row[]) =>
    rows.reduce((sum, row) => sum + row.amountFen - (row.discountFen ?? 0), 0);
  const discount = (rows: Row[]) => rows.reduce((sum, row) => sum + (row.discountFen ?? 0), 0);
  const [payments, refunds] = [side('payment'), side('refund')];
  const negative = (fen: number) => formatAmount(fen === 0 ? 0 : -fen);
  const [paymentTotals, refundTotals] = bill.totals ?? [
    `#交易合计：${payments.length}笔，商家实收共${formatAmount(received(payments))}元，商家优惠共${formatAmount(discount(payments))}元`,
    `#退款合计：${refunds.length}笔，商家实收退款共${negative(received(refunds))}元，商家优惠退款共${formatAmount(discount(refunds))}元`,
  ];
  return [
    '#支付宝业务明细查询',
    `#账号：[${bill.account ?? '20880211096256330156'}]`,
    `#起始日期：[${year}年${month}月${day}日 00:00:00]   终止日期：[${year}年${month}月${day}日 24:00:00]`,
    '#-----------------------------------------业务明细列表----------------------------------------',
    bill.header ?? (bill.wide ? header29 : header25),
    ...bill.rows.map((row) => rowText(row, bill.wide)),
    '#-----------------------------------------业务明细列表结束------------------------------------',
    paymentTotals,
    refundTotals,
    '#导出时间：[2026年11月21日 05:46:49]',
    '',
  ].join('\r\n');
}

export const packBill = (text: string | Buffer): Buffer =>
  zip([
    { name: '20880211096256330156_20261120_业务明细(汇总).csv', content: gbk('#支付宝业务汇总查询\r\n') },
    {
      name: '20880211096256330156_20261120_业务明细.csv',
      content: typeof text === 'string' ? gbk(text) : text,
    },
  ]);
