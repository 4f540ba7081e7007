import iconv from 'iconv-lite';
import { DateTime } from 'luxon';
import { CHINA, chinaTime } from '../clock';
import type { Ledger, Payment, Refund } from '../ledger';
import { feeOf, yuan } from '../yuan';
import type { AlipayCredentials } from './credentials';
import { zip } from './zip';

export type AlipayBillType = 'trade' | 'signcustomer';

export const TRADE_COLUMNS = [
  '支付宝交易号',
  '商户订单号',
  '业务类型',
  '商品名称',
  '创建时间',
  '完成时间',
  '门店编号',
  '门店名称',
  '操作员',
  '终端号',
  '对方账户',
  '订单金额（元）',
  '商家实收（元）',
  '支付宝红包（元）',
  '集分宝（元）',
  '支付宝优惠（元）',
  '商家优惠（元）',
  '券核销金额（元）',
  '券名称',
  '商家红包消费金额（元）',
  '卡消费金额（元）',
  '退款批次号/请求号',
  '服务费（元）',
  '分润（元）',
  '备注',
] as const;

const FLOW_COLUMNS = [
  '账务流水号',
  '业务流水号',
  '商户订单号',
  '商品名称',
  '发生时间',
  '对方账号',
  '收入金额（+元）',
  '支出金额（-元）',
  '账户余额（元）',
  '交易渠道',
  '业务类型',
  '备注',
] as const;

const SUMMARY_COLUMNS = [
  '门店编号',
  '门店名称',
  '交易订单总笔数',
  '退款订单总笔数',
  '订单金额（元）',
  '商家实收（元）',
  '支付宝优惠（元）',
  '商家优惠（元）',
  '卡消费金额（元）',
  '服务费（元）',
  '分润（元）',
  '实收净额（元）',
] as const;

const RULE = '-'.repeat(41);

/** The zip of one day, or null when the day has no rows. */
export function alipayBill(
  ledger: Ledger,
  merchant: AlipayCredentials,
  type: AlipayBillType,
  day: string,
  writtenAt: number,
): Buffer | null {
  const rows = ledger.billRows('alipay', merchant.sellerId, day);
  if (rows.payments.length === 0 && rows.refunds.length === 0) return null;
  const compact = day.replaceAll('-', '');
  const account = `${merchant.sellerId}0156`;
  const [detail, summary, title] =
    type === 'trade'
      ? [
          tradeDetail(ledger, merchant, rows, day, writtenAt),
          tradeSummary(merchant, rows, day, writtenAt),
          '业务明细',
        ]
      : [flowDetail(merchant, rows, day, writtenAt), flowSummary(merchant, rows, day, writtenAt), '账务明细'];
  return zip([
    { name: gbk(`${account}_${compact}_${title}.csv`), content: gbk(detail) },
    { name: gbk(`${account}_${compact}_${title}(汇总).csv`), content: gbk(summary) },
  ]);
}

interface Rows {
  payments: Payment[];
  refunds: Refund[];
}

/** A fee is money out of the merchant's account; a refund gives its share back. */
function fee(merchant: AlipayCredentials, row: Payment | Refund): number {
  const amount = feeOf(row.amountFen, merchant.feeBasisPoints);
  return isRefund(row) ? amount : -amount || 0;
}

function tradeDetail(
  ledger: Ledger,
  merchant: AlipayCredentials,
  rows: Rows,
  day: string,
  writtenAt: number,
): string {
  const lines = byTime(rows).map((row) => {
    const refunded = isRefund(row);
    const payment = refunded ? ledger.payment('alipay', row.merchant, row.outTradeNo) : row;
    const sign = refunded ? -1 : 1;
    return [
      id(row.tradeNo),
      id(row.outTradeNo),
      refunded ? '退款' : '交易',
      text(payment?.subject ?? ''),
      chinaTime(refunded ? row.createdAt : row.createdAt),
      chinaTime(refunded ? (row.succeededAt ?? row.createdAt) : (row.paidAt ?? row.createdAt)),
      id(payment?.storeId ?? ''),
      '',
      id(payment?.operatorId ?? ''),
      id(payment?.terminalId ?? ''),
      '*小明(138****0001)',
      yuan(sign * row.amountFen),
      yuan(sign * row.amountFen),
      '0.00',
      '0.00',
      '0.00',
      '0.00',
      '0.00',
      '',
      '0.00',
      '0.00',
      refunded ? id(row.refundNo) : '',
      yuan(fee(merchant, row)),
      '0.00',
      text(refunded ? (row.reason ?? '') : (payment?.attach ?? '')),
    ].join(',');
  });
  const paid = sum(rows.payments);
  const refunded = sum(rows.refunds);
  return csv([
    '#支付宝业务明细查询',
    ...header(merchant, day),
    `#${RULE}业务明细列表${RULE}`,
    TRADE_COLUMNS.join(','),
    ...lines,
    `#${RULE}业务明细列表结束${RULE}`,
    `#交易合计：${rows.payments.length}笔，商家实收共${yuan(paid)}元，商家优惠共0.00元`,
    `#退款合计：${rows.refunds.length}笔，商家实收退款共${yuan(-refunded)}元，商家优惠退款共0.00元`,
    `#导出时间：[${chinaLong(writtenAt)}]`,
  ]);
}

function tradeSummary(merchant: AlipayCredentials, rows: Rows, day: string, writtenAt: number): string {
  const net = sum(rows.payments) - sum(rows.refunds);
  const fees = [...rows.payments, ...rows.refunds].reduce((total, row) => total + fee(merchant, row), 0);
  const cells = (name: string) => [
    name,
    '',
    `${rows.payments.length}`,
    `${rows.refunds.length}`,
    yuan(net),
    yuan(net),
    '0.00',
    '0.00',
    '0.00',
    yuan(fees),
    '0.00',
    yuan(net + fees),
  ];
  return csv([
    '#支付宝业务汇总查询',
    ...header(merchant, day),
    `#${RULE}业务汇总列表${RULE}`,
    SUMMARY_COLUMNS.join(','),
    cells('合计').join(','),
    `#${RULE}业务汇总列表结束${RULE}`,
    `#导出时间：[${chinaLong(writtenAt)}]`,
  ]);
}

interface Flow {
  no: string;
  row: Payment | Refund;
  at: number;
  fen: number;
  kind: '在线支付' | '交易退款' | '收费';
}

function flows(merchant: AlipayCredentials, rows: Rows): Flow[] {
  return byTime(rows).flatMap((row) => {
    const refunded = isRefund(row);
    const at = refunded ? row.createdAt : (row.paidAt ?? row.createdAt);
    const charge = fee(merchant, row);
    const principal: Flow = {
      no: refunded ? row.refundId : `${row.tradeNo}1`,
      row,
      at,
      fen: refunded ? -row.amountFen : row.amountFen,
      kind: refunded ? '交易退款' : '在线支付',
    };
    return charge === 0
      ? [principal]
      : [principal, { no: `${principal.no}9`, row, at, fen: charge, kind: '收费' } satisfies Flow];
  });
}

function flowDetail(merchant: AlipayCredentials, rows: Rows, day: string, writtenAt: number): string {
  let balance = 0;
  const moves = flows(merchant, rows);
  const lines = moves.map((move) => {
    balance += move.fen;
    return [
      id(move.no),
      id(move.row.tradeNo),
      id(move.row.outTradeNo),
      text(isRefund(move.row) ? '退款' : move.row.subject),
      chinaTime(move.at),
      '138****0001',
      move.fen > 0 ? yuan(move.fen) : '',
      move.fen < 0 ? yuan(move.fen) : '',
      yuan(balance),
      '支付宝',
      move.kind,
      isRefund(move.row) ? id(move.row.refundNo) : '',
    ].join(',');
  });
  const out = moves.filter((move) => move.fen < 0);
  const into = moves.filter((move) => move.fen > 0);
  return csv([
    '#支付宝账务明细查询',
    ...header(merchant, day),
    `#${RULE}账务明细列表${RULE}`,
    FLOW_COLUMNS.join(','),
    ...lines,
    `#${RULE}账务明细列表结束${RULE}`,
    `#支出合计：${out.length}笔，共${yuan(out.reduce((total, move) => total + move.fen, 0))}元`,
    `#收入合计：${into.length}笔，共${yuan(into.reduce((total, move) => total + move.fen, 0))}元`,
    `#导出时间：[${chinaLong(writtenAt)}]`,
  ]);
}

function flowSummary(merchant: AlipayCredentials, rows: Rows, day: string, writtenAt: number): string {
  const moves = flows(merchant, rows);
  const kinds = ['在线支付', '交易退款', '收费'] as const;
  return csv([
    '#支付宝账务汇总查询',
    ...header(merchant, day),
    `#${RULE}账务汇总列表${RULE}`,
    '类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）',
    ...kinds.map((kind) => {
      const own = moves.filter((move) => move.kind === kind);
      const total = (sign: 1 | -1) =>
        own.filter((move) => move.fen * sign > 0).reduce((amount, move) => amount + move.fen, 0);
      const count = (sign: 1 | -1) => own.filter((move) => move.fen * sign > 0).length;
      return [kind, count(1), yuan(total(1)), count(-1), yuan(total(-1)), yuan(total(1) + total(-1))].join(
        ',',
      );
    }),
    `#${RULE}账务汇总列表结束${RULE}`,
    `#导出时间：[${chinaLong(writtenAt)}]`,
  ]);
}

function header(merchant: AlipayCredentials, day: string): string[] {
  const start = DateTime.fromFormat(day, 'yyyy-MM-dd', { zone: CHINA });
  return [
    `#账号：[${merchant.sellerId}0156]`,
    `#起始日期：[${chinaLong(start.toMillis())}]   终止日期：[${chinaLong(start.plus({ days: 1 }).toMillis())}]`,
  ];
}

function chinaLong(at: number): string {
  return DateTime.fromMillis(at, { zone: CHINA }).toFormat('yyyy年MM月dd日 HH:mm:ss');
}

function byTime(rows: Rows): (Payment | Refund)[] {
  const at = (row: Payment | Refund) => (isRefund(row) ? row.createdAt : (row.paidAt ?? row.createdAt));
  return [...rows.payments, ...rows.refunds].sort((a, b) => at(a) - at(b));
}

function isRefund(row: Payment | Refund): row is Refund {
  return 'refundId' in row;
}

function id(value: string): string {
  return value === '' ? '' : `${value}\t`;
}

/** The file has no quoting: what would break a row is replaced. */
function text(value: string): string {
  return value.replace(/[,\r\n]/g, ' ');
}

function sum(rows: readonly { amountFen: number }[]): number {
  return rows.reduce((total, row) => total + row.amountFen, 0);
}

function csv(lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}

function gbk(content: string): Buffer {
  return iconv.encode(content, 'gbk');
}
