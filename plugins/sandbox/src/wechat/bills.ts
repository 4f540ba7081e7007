import { chinaTime } from '../clock';
import type { Ledger, Payment, Refund } from '../ledger';
import { feeOf, yuan } from '../yuan';
import type { WechatCredentials } from './credentials';

export type TradeBillType = 'ALL' | 'SUCCESS' | 'REFUND';

export const ALL_COLUMNS = [
  '交易时间',
  '公众账号ID',
  '商户号',
  '特约商户号',
  '设备号',
  '微信订单号',
  '商户订单号',
  '用户标识',
  '交易类型',
  '交易状态',
  '付款银行',
  '货币种类',
  '应结订单金额',
  '代金券金额',
  '微信退款单号',
  '商户退款单号',
  '退款金额',
  '充值券退款金额',
  '退款类型',
  '退款状态',
  '商品名称',
  '商户数据包',
  '手续费',
  '费率',
  '订单金额',
  '申请退款金额',
  '费率备注',
] as const;

const REFUND_ONLY = [
  '微信退款单号',
  '商户退款单号',
  '退款金额',
  '充值券退款金额',
  '退款类型',
  '退款状态',
  '申请退款金额',
];
const SUMMARY = [
  '总交易单数',
  '应结订单总金额',
  '退款总金额',
  '充值券退款总金额',
  '手续费总金额',
  '订单总金额',
  '申请退款总金额',
];
const FLOW_COLUMNS = [
  '记账时间',
  '微信支付业务单号',
  '资金流水单号',
  '业务名称',
  '业务类型',
  '收支类型',
  '收支金额(元)',
  '账户结余(元)',
  '资金变更提交申请人',
  '备注',
  '业务凭证号',
];
const FLOW_SUMMARY = ['资金流水总笔数', '收入笔数', '收入金额', '支出笔数', '支出金额'];

type Cells = Record<string, string>;

/** The text of a trade bill, or null when nothing happened on that day. */
export function tradeBill(
  ledger: Ledger,
  merchant: WechatCredentials,
  day: string,
  type: TradeBillType,
  bom: boolean,
): string | null {
  const rows = ledger.billRows('wechat', merchant.mchid, day);
  const payments = type === 'REFUND' ? [] : rows.payments;
  const refunds = type === 'SUCCESS' ? [] : rows.refunds;
  if (payments.length === 0 && refunds.length === 0) return null;
  const timed = [
    ...payments.map((row) => ({ at: row.paidAt ?? row.createdAt, cells: paymentCells(merchant, row) })),
    ...refunds.map((row) => ({ at: row.createdAt, cells: refundCells(ledger, merchant, row) })),
  ].sort((a, b) => a.at - b.at);
  const columns: string[] = ALL_COLUMNS.filter((name) => type !== 'SUCCESS' || !REFUND_ONLY.includes(name));
  if (type === 'REFUND') columns.splice(columns.indexOf('微信退款单号'), 0, '退款申请时间', '退款成功时间');
  const paid = sum(payments);
  const refunded = sum(refunds);
  const fees = payments.reduce((total, row) => total + feeOf(row.amountFen, merchant.feeBasisPoints), 0);
  const feesBack = refunds.reduce((total, row) => total + feeOf(row.amountFen, merchant.feeBasisPoints), 0);
  const totals = [
    `${timed.length}`,
    yuan(paid),
    yuan(refunded),
    '0.00',
    `${yuan(fees - feesBack)}000`,
    yuan(paid),
    yuan(refunded),
  ];
  return file(
    columns,
    timed.map(({ cells }) => columns.map((name) => cells[name] ?? '')),
    SUMMARY,
    totals,
    bom,
  );
}

function paymentCells(merchant: WechatCredentials, row: Payment): Cells {
  return {
    ...commonCells(merchant, row, row.paidAt ?? row.createdAt),
    交易状态: 'SUCCESS',
    应结订单金额: yuan(row.amountFen),
    代金券金额: '0.00',
    微信退款单号: '0',
    商户退款单号: '0',
    退款金额: '0.00',
    充值券退款金额: '0.00',
    退款类型: '',
    退款状态: '',
    手续费: `${yuan(feeOf(row.amountFen, merchant.feeBasisPoints))}000`,
    订单金额: yuan(row.amountFen),
    申请退款金额: '0.00',
  };
}

function refundCells(ledger: Ledger, merchant: WechatCredentials, row: Refund): Cells {
  const payment = ledger.payment('wechat', row.merchant, row.outTradeNo);
  return {
    ...(payment === null ? {} : commonCells(merchant, payment, row.createdAt)),
    交易状态: row.kind === 'reversal' ? 'REVOKED' : 'REFUND',
    应结订单金额: '0.00',
    代金券金额: '0.00',
    微信退款单号: row.refundId,
    商户退款单号: row.refundNo,
    退款金额: yuan(row.amountFen),
    充值券退款金额: '0.00',
    退款类型: 'ORIGINAL',
    退款状态: refundStatus(row),
    手续费: `${yuan(-feeOf(row.amountFen, merchant.feeBasisPoints) || 0)}000`,
    订单金额: '0.00',
    申请退款金额: yuan(row.amountFen),
    退款申请时间: chinaTime(row.createdAt),
    退款成功时间: row.succeededAt === null ? '' : chinaTime(row.succeededAt),
  };
}

function commonCells(merchant: WechatCredentials, row: Payment, at: number): Cells {
  return {
    交易时间: chinaTime(at),
    公众账号ID: merchant.appid,
    商户号: merchant.mchid,
    特约商户号: '0',
    设备号: row.terminalId ?? '',
    微信订单号: row.tradeNo,
    商户订单号: row.outTradeNo,
    用户标识: row.buyer,
    交易类型: tradeType(row),
    付款银行: row.bank,
    货币种类: 'CNY',
    商品名称: row.subject,
    商户数据包: row.attach ?? '',
    费率: `${yuan(merchant.feeBasisPoints)}%`,
    费率备注: '',
  };
}

export function fundFlowBill(
  ledger: Ledger,
  merchant: WechatCredentials,
  day: string,
  bom: boolean,
): string | null {
  const rows = ledger.billRows('wechat', merchant.mchid, day);
  const moves = [
    ...rows.payments.flatMap((row) => {
      const at = row.paidAt ?? row.createdAt;
      const fee = feeOf(row.amountFen, merchant.feeBasisPoints);
      const pay = {
        at,
        no: row.tradeNo,
        flow: `${row.tradeNo}1`,
        kind: '交易',
        fen: row.amountFen,
        note: '',
        voucher: row.outTradeNo,
      };
      return fee === 0
        ? [pay]
        : [pay, { ...pay, flow: `${row.tradeNo}2`, kind: '扣除交易手续费', fen: -fee }];
    }),
    ...rows.refunds.map((row) => {
      const fee = feeOf(row.amountFen, merchant.feeBasisPoints);
      return {
        at: row.createdAt,
        no: row.refundId,
        flow: row.tradeNo,
        kind: '退款',
        fen: -(row.amountFen - fee),
        note: `退款总金额${yuan(row.amountFen)}元;含手续费${yuan(fee)}元`,
        voucher: row.refundNo,
      };
    }),
  ].sort((a, b) => a.at - b.at);
  if (moves.length === 0) return null;
  let balance = 0;
  const lines = moves.map((move) => {
    balance += move.fen;
    return [
      chinaTime(move.at),
      move.no,
      move.flow,
      move.kind,
      move.kind,
      move.fen >= 0 ? '收入' : '支出',
      yuan(Math.abs(move.fen)),
      yuan(balance),
      `${merchant.mchid}API`,
      move.note,
      move.voucher,
    ];
  });
  const income = moves.filter((move) => move.fen >= 0);
  const spent = moves.filter((move) => move.fen < 0);
  const total = (list: typeof moves) => yuan(Math.abs(list.reduce((amount, move) => amount + move.fen, 0)));
  return file(
    FLOW_COLUMNS,
    lines,
    FLOW_SUMMARY,
    [`${moves.length}`, `${income.length}`, total(income), `${spent.length}`, total(spent)],
    bom,
  );
}

export function tradeType(row: Payment): string {
  switch (row.scene) {
    case 'micropay':
      return 'MICROPAY';
    case 'native':
    case 'page':
    case 'terminal':
      return 'NATIVE';
    case 'jsapi':
      return 'JSAPI';
    case 'h5':
      return 'MWEB';
    case 'app':
      return 'APP';
    default: {
      const never: never = row.scene;
      return never;
    }
  }
}

/** A bill row is written when the refund is accepted and says what was known then. */
function refundStatus(row: Refund): string {
  switch (row.state) {
    case 'succeeded':
      return 'SUCCESS';
    case 'processing':
      return 'PROCESSING';
    case 'closed':
      return 'FAIL';
    case 'abnormal':
      return 'CHANGE';
    default: {
      const never: never = row.state;
      return never;
    }
  }
}

function sum(rows: readonly { amountFen: number }[]): number {
  return rows.reduce((total, row) => total + row.amountFen, 0);
}

function file(
  columns: readonly string[],
  lines: readonly (readonly string[])[],
  summaryColumns: readonly string[],
  summary: readonly string[],
  bom: boolean,
): string {
  const ticked = (cells: readonly string[]) => cells.map((cell) => `\`${cellText(cell)}`).join(',');
  const text = [columns.join(','), ...lines.map(ticked), summaryColumns.join(','), ticked(summary)].join(
    '\r\n',
  );
  return `${bom ? '\ufeff' : ''}${text}\r\n`;
}

/** No RFC 4180 here: a comma becomes backslash and space, a quote is escaped, line ends vanish. */
function cellText(cell: string): string {
  return cell
    .replace(/,/g, '\\ ')
    .replace(/"/g, '\\"')
    .replace(/[\r\n`]/g, ' ');
}
