import { namedRows } from '@hospital-pay/lowcode';
import type { Field, Report } from '../export/report';
import { type ArrivalQuestion, type Arrivals, arrivalQuestion } from './arrivals';

const field = (name: string, kind: Field['kind'], zh: string, en: string): Field => ({
  name,
  kind,
  title: { zh, en },
});

const channelAccount: Field = {
  ...field('accountCode', 'string', '渠道账户', 'Account'),
  names: namedRows['channel-account'],
};

const status: Field = {
  ...field('status', 'enum', '状态', 'Status'),
  options: [
    { value: 'no_bill', zh: '无账单', en: 'No bill' },
    { value: 'nothing', zh: '无应到', en: 'Nothing due' },
    { value: 'due', zh: '待到账', en: 'Due' },
    { value: 'overdue', zh: '逾期未到', en: 'Overdue' },
    { value: 'arrived', zh: '已到账', en: 'Arrived' },
    { value: 'differs', zh: '金额不符', en: 'Differs' },
  ],
};

/** 银行到账: what each day should bring and what came, and the bank's lines that belong to nothing. */
export function arrivalsReport(arrivals: Arrivals): Report<ArrivalQuestion> {
  return {
    code: 'bank-arrivals',
    title: { zh: '银行到账', en: 'Bank arrivals' },
    subject: 'bank-statement',
    params: arrivalQuestion,
    asked: [
      field('from', 'day', '开始日期', 'From'),
      field('to', 'day', '结束日期', 'To'),
      channelAccount,
      field('bankAccountCode', 'string', '银行账户', 'Bank account'),
    ],
    async tables(scope, asked) {
      const days = await arrivals.read(scope, asked);
      const { count } = await arrivals.unmatched(scope, asked);
      return [
        {
          title: { zh: '到账核对', en: 'Arrivals' },
          columns: [
            field('date', 'day', '账单日', 'Bill day'),
            field('merchantCode', 'merchant', '商户', 'Merchant'),
            field('channel', 'channel', '渠道', 'Channel'),
            channelAccount,
            field('bankAccountCode', 'string', '银行账户', 'Bank account'),
            field('paymentFen', 'money', '收费', 'Payments'),
            field('refundFen', 'money', '退费', 'Refunds'),
            field('feeFen', 'money', '手续费', 'Fees'),
            field('expectedFen', 'money', '应到', 'Expected'),
            field('flowFen', 'money', '资金账单净额', 'Fund flow'),
            field('arrivedFen', 'money', '实到', 'Arrived'),
            field('differenceFen', 'money', '差额', 'Difference'),
            field('expectedOn', 'day', '应到日', 'Expected on'),
            field('arrivedOn', 'day', '到账日', 'Arrived on'),
            status,
            field('note', 'text', '备注', 'Note'),
          ],
          rows: days.map((row) => ({ ...row })),
          count: days.length,
          totals: true,
        },
        {
          title: { zh: '未匹配流水', en: 'Unmatched bank lines' },
          columns: [
            field('date', 'day', '交易日', 'Date'),
            field('timeText', 'string', '时间', 'Time'),
            field('bankAccountCode', 'string', '银行账户', 'Bank account'),
            field('amountFen', 'money', '金额', 'Amount'),
            field('counterparty', 'string', '对方户名', 'Counterparty'),
            field('summary', 'text', '摘要', 'Summary'),
            field('reference', 'string', '流水号', 'Reference'),
          ],
          rows: arrivals.allUnmatched(scope, asked),
          count,
          totals: true,
        },
      ];
    },
  };
}
