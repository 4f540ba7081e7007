import { z } from 'zod';
import type { Adjustment, IncomeDimension, IncomeQuestion, IncomeReport } from '../income';
import { incomeDimensions } from '../income';
import { choice, currency, currencyField, field, inCurrency, tableOf } from './figures-reports';
import type { Field, Report } from './report';

const day = z.iso.date();
const longestRangeDays = 366;

/** What 收入报表 is asked, on the screen and for a file. */
export const incomeQuestion = z
  .object({
    from: day,
    to: day,
    by: z.enum(incomeDimensions).default('payType'),
    unit: z.enum(['day', 'month']).default('day'),
    payType: z.string().min(1).max(32).optional(),
    currency: currency.optional(),
  })
  .refine(
    ({ from, to }) => from <= to && Date.parse(to) - Date.parse(from) <= longestRangeDays * 86_400_000,
    { path: ['to'] },
  );

const dimensionNames = {
  merchant: { zh: '医院', en: 'Hospital' },
  branch: { zh: '院区', en: 'Branch' },
  bizType: { zh: '业务类型', en: 'Business type' },
  department: { zh: '科室', en: 'Department' },
  operator: { zh: '操作员', en: 'Operator' },
  terminal: { zh: '终端', en: 'Terminal' },
  payType: { zh: '支付类型', en: 'Payment type' },
  account: { zh: '渠道账户', en: 'Channel account' },
} satisfies Record<IncomeDimension, { zh: string; en: string }>;

const payType = field('payType', 'channel', '支付类型', 'Payment type');
const amounts: Field[] = [
  field('takenFen', 'money', '平台收款', 'Taken'),
  field('takenCount', 'integer', '收款笔数', 'Payments'),
  field('refundedFen', 'money', '平台退款', 'Refunded'),
  field('refundedCount', 'integer', '退款笔数', 'Refunds'),
  field('netFen', 'money', '实收', 'Net'),
  field('abnormalRefundFen', 'money', '异常退款金额', 'Abnormal refunds'),
  field('platformFen', 'money', '平台收入', 'Platform income'),
  field('hisFen', 'money', 'HIS收入', 'HIS income'),
  field('hisCount', 'integer', 'HIS笔数', 'HIS records'),
  field('differenceFen', 'money', '差额', 'Difference'),
];

/** 收入报表: the figures of the screen, out of the same function. */
export function incomeReport(report: IncomeReport): Report<IncomeQuestion> {
  return {
    code: 'income',
    title: { zh: '收入报表', en: 'Income' },
    subject: 'summary',
    params: incomeQuestion,
    asked: [
      field('from', 'day', '开始日期', 'From'),
      field('to', 'day', '结束日期', 'To'),
      choice('by', '统计维度', 'By', dimensionNames),
      payType,
      currencyField,
    ],
    async tables(scope, question) {
      const { lines, byPeriod, adjustments, currency } = await report.income(scope, question);
      const { zh, en } = dimensionNames[question.by];
      const key: Field[] =
        question.by === 'payType'
          ? [field('key', 'channel', zh, en)]
          : [field('key', 'string', zh, en), field('name', 'string', '名称', 'Name')];
      const period = field('period', question.unit === 'day' ? 'day' : 'string', '日期', 'Date');
      return inCurrency(currency, [
        tableOf({ zh: `按${zh}`, en: `By ${en.toLowerCase()}` }, lines, [...key, ...amounts]),
        tableOf({ zh: `按${zh}和日期`, en: `By ${en.toLowerCase()} and date` }, byPeriod, [
          period,
          ...key,
          ...amounts,
        ]),
        adjustmentTable(adjustments),
      ]);
    },
  };
}

const adjustmentTable = (adjustments: Adjustment[]) =>
  tableOf({ zh: '后补调整', en: 'Adjustments' }, adjustments, [
    field('date', 'day', '记账日', 'Booked on'),
    field('concernsDate', 'day', '原业务日', 'Concerns'),
    field('merchantCode', 'merchant', '商户', 'Merchant'),
    payType,
    field('department', 'string', '科室', 'Department'),
    field('operatorCode', 'string', '操作员', 'Operator'),
    field('terminalCode', 'string', '终端', 'Terminal'),
    field('platformFen', 'money', '平台收入', 'Platform income'),
    field('hisFen', 'money', 'HIS收入', 'HIS income'),
  ]);
