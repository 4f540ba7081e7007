import { columnOf, toMinor } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { moneyStates, pieces } from './rows';

/** By what money can be told apart. An entry that names none of it carries ''. */
export const dimensions = [
  'merchantCode',
  'accountCode',
  'payType',
  'bizType',
  'department',
  'operatorCode',
  'terminalCode',
  'currency',
] as const;
export type Dimension = (typeof dimensions)[number];

/** All amounts in fen and positive; `abnormalRefundFen` is the part of `refundedFen` that is no business of its day. */
export const amounts = [
  'takenFen',
  'takenCount',
  'refundedFen',
  'refundedCount',
  'abnormalRefundFen',
  'hisChargedFen',
  'hisChargedCount',
  'hisRefundedFen',
  'hisRefundedCount',
] as const;
export type Amounts = Record<(typeof amounts)[number], number>;

/** What was taken, given back and booked on one business day under one set of dimensions. */
export type DayFigure = Record<Dimension, string> & Amounts & { date: string };

export interface Days {
  from: string;
  to: string;
}

export const noAmounts = (): Amounts => ({
  takenFen: 0,
  takenCount: 0,
  refundedFen: 0,
  refundedCount: 0,
  abnormalRefundFen: 0,
  hisChargedFen: 0,
  hisChargedCount: 0,
  hisRefundedFen: 0,
  hisRefundedCount: 0,
});

/** Adds, or with −1 takes away. */
export function addAmounts(to: Amounts, from: Amounts, sign: 1 | -1 = 1): void {
  for (const name of amounts) to[name] += sign * from[name];
}

/** 平台收入: payments − refunds, abnormal refunds of earlier days' payments left out. */
export const platformIncome = (line: Amounts): number =>
  line.takenFen - line.refundedFen + line.abnormalRefundFen;
/** HIS收入: HIS charges − HIS refunds. */
export const hisIncome = (line: Amounts): number => line.hisChargedFen - line.hisRefundedFen;

/**
 * Every entry of these days with its dimensions: the one source of the figures by dimension, of what a closing
 * freezes and of the lists behind a figure. A refund and a HIS record say themselves who made them; what they leave
 * open is taken from the order.
 */
export function facts(db: Knex, scope: string[] | null, { from, to }: Days): Knex.QueryBuilder {
  const between = (query: Knex.QueryBuilder, table: string): Knex.QueryBuilder => {
    query.whereBetween(`${table}.settled_on`, [from, to]);
    return scope === null ? query : query.whereIn(`${table}.merchant_code`, scope);
  };
  const payments = between(db('orders as o'), 'o')
    .whereIn('o.status', [...moneyStates])
    .select(
      db.raw(`'payment' as side, o.settled_on as date, o.paid_at as at, o.order_no as order_no, o.order_no as number,
        o.paid_fen as amount_fen, o.subject as subject, o.patient_name as patient_name, o.card_no as card_no,
        o.merchant_code as merchant_code, coalesce(o.account_code, '') as account_code,
        coalesce(o.pay_type, '') as pay_type, coalesce(o.biz_type, '') as biz_type,
        coalesce(o.department, '') as department, coalesce(o.operator_code, '') as operator_code,
        coalesce(o.terminal_code, '') as terminal_code, coalesce(o.currency, 'CNY') as currency`),
    );
  const refunds = between(db('refunds as r'), 'r')
    .leftJoin('orders as o', 'o.order_no', 'r.order_no')
    .where('r.status', 'succeeded')
    .select(
      db.raw(`'refund' as side, r.settled_on as date, r.refunded_at as at, r.order_no as order_no, r.refund_no as number,
        r.amount_fen as amount_fen, o.subject as subject, o.patient_name as patient_name, o.card_no as card_no,
        r.merchant_code as merchant_code, coalesce(r.account_code, '') as account_code,
        coalesce(r.channel, '') as pay_type, coalesce(o.biz_type, '') as biz_type,
        coalesce(o.department, '') as department, coalesce(r.operator_code, o.operator_code, '') as operator_code,
        coalesce(o.terminal_code, '') as terminal_code, coalesce(r.currency, 'CNY') as currency`),
    );
  const booked = between(db('his_records as h'), 'h')
    .leftJoin('orders as o', (on) =>
      on.on('o.order_no', 'h.order_no').andOn('o.merchant_code', 'h.merchant_code'),
    )
    // Some HIS name an order by the number that they gave it.
    .leftJoin('orders as m', (on) =>
      on.on('m.merchant_code', 'h.merchant_code').andOn('m.merchant_order_no', 'h.order_no'),
    )
    .where('h.status', 'booked')
    .select(
      db.raw(`case when h.kind = 'charge' then 'his_charge' else 'his_refund' end as side, h.settled_on as date,
        h.occurred_at as at, coalesce(o.order_no, m.order_no, h.order_no) as order_no, h.his_serial_no as number,
        h.amount_fen as amount_fen, coalesce(o.subject, m.subject) as subject, h.patient_name as patient_name,
        h.card_no as card_no, h.merchant_code as merchant_code,
        coalesce(o.account_code, m.account_code, '') as account_code, coalesce(h.pay_type, '') as pay_type,
        coalesce(h.biz_type, o.biz_type, m.biz_type, '') as biz_type,
        coalesce(h.department, o.department, m.department, '') as department,
        coalesce(h.operator_code, o.operator_code, m.operator_code, '') as operator_code,
        coalesce(h.terminal_code, o.terminal_code, m.terminal_code, '') as terminal_code,
        coalesce(h.currency, 'CNY') as currency`),
    );
  return db.from(payments.unionAll([refunds, booked]).as('facts'));
}

/** An abnormal refund that is no business of its day (see `abnormal-refunds.ts`). */
export interface LateRefund {
  refundNo: string;
  merchantCode: string;
  day: string;
  amountFen: number;
}

/** The entries as they stand now, added up by day and these dimensions; the others are ''. */
export async function liveFigures(
  db: Knex,
  scope: string[] | null,
  days: Days,
  by: readonly Dimension[],
  lateRefunds: LateRefund[],
): Promise<DayFigure[]> {
  const columns = ['date', ...by.map(columnOf)];
  const of = (side: string, what: string) => `sum(case when side = '${side}' then ${what} else 0 end)`;
  const rows: unknown = await facts(db, scope, days)
    .groupBy(columns)
    .select(columns)
    .select(
      db.raw(`${of('payment', 'amount_fen')} as taken_fen, ${of('payment', '1')} as taken_count,
        ${of('refund', 'amount_fen')} as refunded_fen, ${of('refund', '1')} as refunded_count,
        0 as abnormal_refund_fen,
        ${of('his_charge', 'amount_fen')} as his_charged_fen, ${of('his_charge', '1')} as his_charged_count,
        ${of('his_refund', 'amount_fen')} as his_refunded_fen, ${of('his_refund', '1')} as his_refunded_count`),
    );
  const figures = readFigures(rows);
  const known = new Map(figures.map((figure) => [figureKey(figure), figure]));
  const late = new Map(lateRefunds.map((refund) => [refund.refundNo, refund]));
  for (const piece of pieces(late.keys())) {
    const found: unknown = await facts(db, scope, days)
      .where({ side: 'refund' })
      .whereIn('number', piece)
      .select(['number', ...columns]);
    for (const row of z.array(z.looseObject({ number: z.string() })).parse(found)) {
      const [figure] = readFigures([row]);
      const line = figure && known.get(figureKey(figure));
      if (line) line.abnormalRefundFen += late.get(row.number)?.amountFen ?? 0;
    }
  }
  return figures;
}

const figureRow = z.record(z.string(), z.unknown());

/** Rows with some of the dimensions and amounts → whole figures. */
export function readFigures(rows: unknown): DayFigure[] {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return z
    .array(figureRow)
    .parse(rows)
    .map((row) => {
      const figure = { date: text(row.date), ...noDimensions(), ...noAmounts() };
      for (const name of dimensions) figure[name] = text(row[columnOf(name)]);
      if ('currency' in row) figure.currency ||= 'CNY';
      for (const name of amounts) figure[name] = toMinor(row[columnOf(name)] ?? 0);
      return figure;
    });
}

const noDimensions = (): Record<Dimension, string> => ({
  merchantCode: '',
  accountCode: '',
  payType: '',
  bizType: '',
  department: '',
  operatorCode: '',
  terminalCode: '',
  currency: '',
});

/** The same for two figures of one day under the same dimensions. */
export const figureKey = (figure: DayFigure): string =>
  JSON.stringify([figure.date, ...dimensions.map((name) => figure[name])]);
