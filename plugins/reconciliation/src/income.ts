import { columnOf, toMinor } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { bookFigures, type LateRefunds, standingFigures } from './closings/ledger';
import { askedCurrency } from './currency';
import {
  type Amounts,
  addAmounts,
  type DayFigure,
  type Days,
  type Dimension,
  facts,
  hisIncome,
  noAmounts,
  platformIncome,
  readFigures,
} from './facts';
import { readRows } from './rows';

/** What 收入报表 tells money apart by: `merchant` is the hospital with all its branches, `branch` each by itself. */
export const incomeDimensions = [
  'merchant',
  'branch',
  'bizType',
  'department',
  'operator',
  'terminal',
  'payType',
  'account',
] as const;
export type IncomeDimension = (typeof incomeDimensions)[number];

const columnFor: Record<IncomeDimension, Dimension> = {
  merchant: 'merchantCode',
  branch: 'merchantCode',
  bizType: 'bizType',
  department: 'department',
  operator: 'operatorCode',
  terminal: 'terminalCode',
  payType: 'payType',
  account: 'accountCode',
};

export interface IncomeQuestion extends Days {
  by: IncomeDimension;
  unit: 'day' | 'month';
  /** The hospital's own without it. */
  currency?: string | undefined;
  payType?: string | undefined;
}

/** All amounts in fen. `netFen` is taken − refunded; `differenceFen` is platform − HIS, as in 对账汇总. */
export interface IncomeLine extends Amounts {
  /** '' where nobody said. */
  key: string;
  /** What the key is called, where somebody named it. */
  name: string | null;
  netFen: number;
  platformFen: number;
  hisFen: number;
  hisCount: number;
  differenceFen: number;
}

export interface Income {
  /** Of all amounts. */
  currency: string;
  /** Those that could be asked for, the hospital's own first. */
  currencies: string[];
  lines: IncomeLine[];
  byPeriod: (IncomeLine & { period: string })[];
  total: Omit<IncomeLine, 'key' | 'name'>;
  /** What came in late for closed days and is counted on these; part of the lines. */
  adjustments: Adjustment[];
}

export type Adjustment = DayFigure & { concernsDate: string; platformFen: number; hisFen: number };

export interface IncomeEntry {
  at: Date | null;
  date: string;
  side: 'payment' | 'refund' | 'his_charge' | 'his_refund';
  orderNo: string | null;
  number: string;
  amountFen: number;
  payType: string;
  bizType: string;
  department: string;
  operatorCode: string;
  terminalCode: string;
  subject: string | null;
  patientName: string | null;
  cardNo: string | null;
}

export interface IncomeReport {
  /** What was taken, given back and booked in HIS, by one dimension and by day or month. */
  income(scope: string[] | null, question: IncomeQuestion): Promise<Income>;
  /** The entries behind a line, newest first, as they stand now. */
  entries(
    scope: string[] | null,
    question: IncomeQuestion & { key: string; page: number; pageSize: number },
  ): Promise<{ entries: IncomeEntry[]; total: number }>;
}

const entryRow = z.object({
  at: z.date().nullable(),
  date: z.string(),
  side: z.enum(['payment', 'refund', 'his_charge', 'his_refund']),
  orderNo: z.string().nullable(),
  number: z.string(),
  amountFen: z.number(),
  payType: z.string(),
  bizType: z.string(),
  department: z.string(),
  operatorCode: z.string(),
  terminalCode: z.string(),
  subject: z.string().nullable(),
  patientName: z.string().nullable(),
  cardNo: z.string().nullable(),
});
const adjustmentLimit = 500;

export function createIncome(db: Knex, lateRefunds: LateRefunds): IncomeReport {
  async function parents(): Promise<Map<string, string>> {
    const rows = readRows(
      z.object({ code: z.string(), parentCode: z.string().nullable() }),
      await db('merchants').select('code', 'parent_code'),
    );
    return new Map(rows.map(({ code, parentCode }) => [code, parentCode || code]));
  }

  async function names(by: IncomeDimension): Promise<Map<string, string>> {
    const source = {
      merchant: ['merchants', 'code', 'name'],
      branch: ['merchants', 'code', 'name'],
      operator: ['accounts', 'username', 'display_name'],
      terminal: ['terminals', 'code', 'name'],
      account: ['channel_accounts', 'code', 'name'],
      bizType: undefined,
      department: undefined,
      payType: undefined,
    }[by];
    if (!source) return new Map();
    const [table = '', code = '', name = ''] = source;
    const rows = readRows(
      z.object({ key: z.string(), name: z.string().nullable() }),
      await db(table).select({ key: code, name }),
    );
    return new Map(rows.flatMap((row) => (row.name ? [[row.key, row.name]] : [])));
  }

  async function adjustmentsOf(
    scope: string[] | null,
    { from, to, payType }: IncomeQuestion,
    currency: string,
  ): Promise<Adjustment[]> {
    const query = standingFigures(db)
      .whereNotNull('concerns_date')
      .whereBetween('date', [from, to])
      .whereRaw("coalesce(f.currency, 'CNY') = ?", [currency])
      .orderBy(['date', 'concerns_date', 'f.id'])
      .limit(adjustmentLimit)
      .select('f.*');
    if (scope !== null) query.whereIn('f.merchant_code', scope);
    if (payType !== undefined) query.where({ pay_type: payType });
    const rows: unknown = await query;
    return z
      .array(z.looseObject({ concerns_date: z.string() }))
      .parse(rows)
      .flatMap((row) =>
        readFigures([row]).map((figure) => ({
          ...figure,
          concernsDate: row.concerns_date,
          platformFen: platformIncome(figure),
          hisFen: hisIncome(figure),
        })),
      );
  }

  return {
    async income(scope, question) {
      const { by, unit, payType } = question;
      const { currency, currencies } = await askedCurrency(db, scope, question.currency);
      const column = columnFor[by];
      const figures = await bookFigures(db, lateRefunds, scope, question, [
        'currency',
        column,
        ...(payType === undefined || column === 'payType' ? [] : ['payType' as const]),
      ]);
      const rootOf = by === 'merchant' ? await parents() : new Map<string, string>();
      const called = await names(by);
      const lines = new Map<string, Amounts & { key: string }>();
      const periods = new Map<string, Amounts & { key: string; period: string }>();
      const total = noAmounts();
      for (const figure of figures) {
        if (figure.currency !== currency) continue;
        if (payType !== undefined && figure.payType !== payType) continue;
        const key = rootOf.get(figure[column]) ?? figure[column];
        const period = figure.date.slice(0, unit === 'day' ? 10 : 7);
        const line = lines.get(key) ?? { key, ...noAmounts() };
        const part = periods.get(`${period} ${key}`) ?? { key, period, ...noAmounts() };
        for (const sum of [line, part, total]) addAmounts(sum, figure);
        lines.set(key, line);
        periods.set(`${period} ${key}`, part);
      }
      const named = <Line extends Amounts & { key: string }>(line: Line) => ({
        ...line,
        ...computed(line),
        name: called.get(line.key) ?? null,
      });
      return {
        currency,
        currencies,
        lines: [...lines.values()].map(named).sort((a, b) => b.netFen - a.netFen || (a.key < b.key ? -1 : 1)),
        byPeriod: [...periods.values()]
          .map(named)
          .sort((a, b) => (a.period === b.period ? (a.key < b.key ? -1 : 1) : a.period < b.period ? 1 : -1)),
        total: { ...total, ...computed(total) },
        adjustments: await adjustmentsOf(scope, question, currency),
      };
    },

    async entries(scope, { from, to, by, key, payType, page, pageSize, ...which }) {
      const { currency } = await askedCurrency(db, scope, which.currency);
      const query = facts(db, scope, { from, to }).where({ currency });
      if (by === 'merchant') {
        const codes = [...(await parents())].flatMap(([code, root]) => (root === key ? [code] : []));
        query.whereIn('merchant_code', codes.length > 0 ? codes : [key]);
      } else query.where(columnOf(columnFor[by]), key);
      if (payType !== undefined) query.where({ pay_type: payType });
      const counted: unknown = await query.clone().count({ count: '*' }).first();
      const rows: unknown = await query
        .orderBy([{ column: 'at', order: 'desc' }, 'number'])
        .limit(pageSize)
        .offset((page - 1) * pageSize)
        .select('*');
      const { count } = z.object({ count: z.unknown() }).parse(counted);
      return { entries: readRows(entryRow, rows), total: toMinor(count) };
    },
  };
}

function computed(sum: Amounts) {
  const platformFen = platformIncome(sum);
  const hisFen = hisIncome(sum);
  return {
    netFen: sum.takenFen - sum.refundedFen,
    platformFen,
    hisFen,
    hisCount: sum.hisChargedCount + sum.hisRefundedCount,
    differenceFen: platformFen - hisFen,
  };
}
