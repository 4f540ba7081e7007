import type { Bilingual } from '@hospital-pay/errors';
import { z } from 'zod';
import type { CaseView, Figures, MerchantScope, RefundDetail, Statistics } from '../figures';
import type { Field, Report, Row, Table } from './report';

const day = z.iso.date();
const longestRangeDays = 366;

export const field = (name: string, kind: Field['kind'], zh: string, en: string): Field => ({
  name,
  kind,
  title: { zh, en },
});
export const choice = (name: string, zh: string, en: string, options: Record<string, Bilingual>): Field => ({
  ...field(name, 'enum', zh, en),
  options: Object.entries(options).map(([value, text]) => ({ value, ...text })),
});

export const currency = z.string().regex(/^[A-Z]{3}$/);
export const currencyField = field('currency', 'string', '币种', 'Currency');
const payType = field('payType', 'channel', '支付类型', 'Payment type');
const date = field('date', 'day', '日期', 'Date');
const orderNo = field('orderNo', 'string', '第三方订单号', 'Order no.');
const cardNo = field('cardNo', 'string', '就诊卡号', 'Card no.');
const patient = field('patientName', 'string', '病人姓名', 'Patient');

/** 对账汇总, 差帐分析 and 统计报表: the figures of the screens, out of the same functions. */
export function summaryReport(
  figures: Figures,
): Report<{ from: string; to: string; payType?: string | undefined; currency?: string | undefined }> {
  return {
    code: 'summary',
    title: { zh: '对账汇总', en: 'Reconciliation summary' },
    subject: 'summary',
    params: z
      .object({ from: day, to: day, payType: z.string().optional(), currency: currency.optional() })
      .refine(
        ({ from, to }) => from <= to && Date.parse(to) - Date.parse(from) <= longestRangeDays * 86_400_000,
        {
          path: ['to'],
        },
      ),
    asked: [
      field('from', 'day', '开始日期', 'From'),
      field('to', 'day', '结束日期', 'To'),
      payType,
      currencyField,
    ],
    async tables(scope, range) {
      const { byType, byDay, currency } = await figures.summary(scope, range);
      return inCurrency(currency, [
        tableOf({ zh: '按支付类型', en: 'By payment type' }, byType, [
          payType,
          field('hisFen', 'money', '医院总收入', 'Hospital total'),
          field('platformFen', 'money', '平台总收入', 'Platform total'),
          field('differenceFen', 'money', '总差额', 'Total difference'),
        ]),
        tableOf({ zh: '按支付类型和日期', en: 'By payment type and day' }, byDay, [
          date,
          payType,
          field('hisFen', 'money', '医院收入', 'Hospital'),
          field('platformFen', 'money', '平台收入', 'Platform'),
          field('differenceFen', 'money', '当日差帐', 'Difference'),
        ]),
      ]);
    },
  };
}

/** What a field of a case may say, in the words of its own list. */
type CaseOptions = (name: string) => NonNullable<Field['options']>;

const amounts = [
  field('platformFen', 'money', '平台金额', 'Platform'),
  field('hisFen', 'money', 'HIS金额', 'HIS'),
  field('differenceFen', 'money', '交易差额', 'Difference'),
];

export function analysisReport(
  figures: Figures,
  optionsOf: CaseOptions,
): Report<{ date: string; payType?: string | undefined; currency?: string | undefined }> {
  return {
    code: 'analysis',
    title: { zh: '差帐分析', en: 'Analysis of differences' },
    subject: 'summary',
    params: z.object({ date: day, payType: z.string().optional(), currency: currency.optional() }),
    asked: [date, payType, currencyField],
    async tables(scope, asked) {
      const kind = { ...field('kind', 'enum', '差异原因', 'Reason'), options: optionsOf('kind') };
      const leg = { ...field('leg', 'enum', '对账方', 'Against'), options: optionsOf('leg') };
      const status = { ...field('status', 'enum', '处理状态', 'Status'), options: optionsOf('status') };
      const { reasons, caseCount, currency } = await figures.analysis(scope, asked);
      return inCurrency(currency, [
        tableOf({ zh: '差异原因', en: 'Reasons' }, reasons, [
          leg,
          kind,
          field('count', 'integer', '笔数', 'Count'),
          field('differenceFen', 'money', '当日差帐', 'Difference'),
        ]),
        casesTable(
          { zh: '差错明细', en: 'Cases' },
          figures.eachCase(scope, { ...asked, currency }),
          caseCount,
          [field('occurredAt', 'datetime', '交易时间', 'Time'), orderNo, leg, kind, ...amounts, status],
        ),
      ]);
    },
  };
}

const figureNames = {
  hisFen: { zh: 'HIS收入', en: 'HIS income' },
  platformFen: { zh: '平台收入', en: 'Platform income' },
  abnormalRefundFen: { zh: '异常退款金额', en: 'Abnormal refunds' },
  differenceFen: { zh: '当日差帐', en: "The day's difference" },
  bankArrivalFen: { zh: '银行实际到账金额', en: 'Arrived at the bank' },
  online: { zh: '异常退款: 线上退', en: 'Abnormal refunds: online' },
  cash: { zh: '异常退款: 现金', en: 'Abnormal refunds: cash' },
  other: { zh: '异常退款: 其他', en: 'Abnormal refunds: other' },
  handled: { zh: '差错: 已处理', en: 'Cases: handled' },
  open: { zh: '差错: 未处理', en: 'Cases: open' },
} as const satisfies Record<string, Bilingual>;

function figureTable(report: Statistics): Table {
  const amount = (name: keyof typeof figureNames, fen: number): Row => ({ name, fen });
  const rows: Row[] = [
    amount('hisFen', report.hisFen),
    amount('platformFen', report.platformFen),
    amount('abnormalRefundFen', report.abnormalRefundFen),
    amount('differenceFen', report.differenceFen),
    amount('bankArrivalFen', report.bankArrivalFen),
    amount('online', report.refundsByMethod.online),
    amount('cash', report.refundsByMethod.cash),
    amount('other', report.refundsByMethod.other),
    { name: 'handled', count: report.handled },
    { name: 'open', count: report.open },
  ];
  const columns = [
    choice('name', '项目', 'Figure', figureNames),
    field('fen', 'money', '金额', 'Amount'),
    field('count', 'integer', '笔数', 'Count'),
  ];
  return { ...tableOf({ zh: '统计报表', en: 'Statistics' }, rows, columns), totals: false };
}

const refundTable = ({ refundDetail }: { refundDetail: RefundDetail[] }): Table => ({
  ...tableOf({ zh: '异常退款金额明细', en: 'Abnormal refunds' }, refundDetail.map(located), [
    field('refundedAt', 'datetime', '差帐退款时间', 'Refunded at'),
    field('occurredAt', 'datetime', '差帐发生时间', 'Occurred at'),
    cardNo,
    patient,
    orderNo,
    field('amountFen', 'money', '退款金额', 'Amount'),
    choice('method', '退款方式', 'Method', {
      online_refund: { zh: '线上退款', en: 'Online' },
      cash: { zh: '现金', en: 'Cash' },
      other: { zh: '其他', en: 'Other' },
    }),
  ]),
  masks: 'discrepancy',
});

const differenceTable = (
  cases: AsyncIterable<CaseView>,
  count: number,
  tradeKinds: NonNullable<Field['options']>,
): Table =>
  casesTable({ zh: '当日差帐明细', en: 'Differences' }, cases, count, [
    field('occurredAt', 'datetime', '交易时间', 'Time'),
    cardNo,
    patient,
    orderNo,
    ...amounts,
    { ...field('tradeKind', 'enum', '交易类型', 'Kind'), options: tradeKinds },
    field('resolvedAt', 'datetime', '退款时间', 'Refunded at'),
    field('remark', 'text', '异常备注', 'Remark'),
  ]);

/** The whole report, and each of its two lists by itself. */
export function statisticsReports(
  figures: Figures,
  optionsOf: CaseOptions,
): Report<{ date: string; currency?: string | undefined }>[] {
  const differences = (scope: MerchantScope, { date, currency, differenceCount }: Statistics) => {
    const cases = figures.eachCase(scope, { date, currency, leg: 'his' });
    return differenceTable(cases, differenceCount, optionsOf('tradeKind'));
  };
  const reports = [
    {
      code: 'statistics',
      title: { zh: '统计报表', en: 'Statistics' },
      tablesOf: (scope: MerchantScope, report: Statistics) => [
        figureTable(report),
        refundTable(report),
        differences(scope, report),
      ],
    },
    {
      code: 'statistics-refunds',
      title: { zh: '异常退款金额明细', en: 'Abnormal refunds' },
      tablesOf: (_: MerchantScope, report: Statistics) => [refundTable(report)],
    },
    {
      code: 'statistics-differences',
      title: { zh: '当日差帐明细', en: 'Differences' },
      tablesOf: (scope: MerchantScope, report: Statistics) => [differences(scope, report)],
    },
  ];
  return reports.map(({ code, title, tablesOf }) => ({
    code,
    title,
    subject: 'summary',
    params: z.object({ date: day, currency: currency.optional() }),
    asked: [date, currencyField],
    async tables(scope, { date, currency }) {
      const report = await figures.statistics(scope, date, currency);
      return inCurrency(report.currency, tablesOf(scope, report));
    },
  }));
}

/** Amounts are written as their currency is. */
export const inCurrency = (currency: string, tables: Table[]): Table[] =>
  tables.map((table) => ({ ...table, rows: withCurrency(table.rows, currency) }));

async function* withCurrency(rows: Table['rows'], currency: string): AsyncGenerator<Row> {
  for await (const row of rows) yield { ...row, currency };
}

export function tableOf(title: Bilingual, rows: readonly object[], columns: Field[]): Table {
  return { title, columns, rows: rows.map((row): Row => ({ ...row })), count: rows.length, totals: true };
}

/** Cases of a day as they are read, a page at a time. */
function casesTable(
  title: Bilingual,
  cases: AsyncIterable<CaseView>,
  count: number,
  columns: Field[],
): Table {
  async function* rows(): AsyncGenerator<Row> {
    for await (const row of cases) yield located(row);
  }
  return { title, columns, rows: rows(), count, totals: true, masks: 'discrepancy' };
}

/** The number under which both sides of a case can be looked for. */
const located = <Item extends RefundDetail | CaseView>(row: Item) => ({
  ...row,
  orderNo: row.orderNo ?? row.channelTradeNo ?? ('hisSerialNo' in row ? row.hisSerialNo : null),
});
