import { fromRow, isNoNumber, isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';

/** What this room reads of the tables, typed once where rows come in. */
const text = z.string().nullable();
const share = z.number().nullable();
export const billNumber = text.transform((number) => (number === null || isNoNumber(number) ? null : number));

export const orderRow = z.object({
  id: z.number(),
  orderNo: z.string(),
  merchantOrderNo: z.string(),
  merchantCode: z.string(),
  accountCode: text,
  channel: text,
  payType: text,
  channelTradeNo: text,
  status: z.enum([
    'created',
    'pending',
    'unknown',
    'paid',
    'partially_refunded',
    'refunded',
    'closed',
    'reversed',
    'failed',
  ]),
  currency: text.transform((value) => value ?? 'CNY'),
  amountFen: z.number(),
  paidFen: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
  refundedFen: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
  hisChargedFen: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
  hisRefundedFen: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
  reconState: z.enum(['none', 'waiting', 'normal', 'abnormal']),
  anomalies: z.array(z.string()).nullable().catch(null),
  fundFen: share,
  accountFen: share,
  otherFen: share,
  mixedNo: text,
  bizType: text,
  businessNo: billNumber,
  hisOrderNo: billNumber,
  patientName: text,
  cardNo: text,
  createdTime: z.date(),
  paidAt: z.date().nullable(),
  settledOn: text,
  dueReconAt: z.date().nullable(),
});
export type StoredOrder = z.output<typeof orderRow>;

export const refundRow = z.object({
  refundNo: z.string(),
  merchantRefundNo: z.string(),
  merchantCode: z.string(),
  orderNo: z.string(),
  amountFen: z.number(),
  currency: text.transform((value) => value ?? 'CNY'),
  status: z.enum(['requested', 'processing', 'succeeded', 'failed', 'unknown']),
  source: z.string(),
  operatorCode: text,
  channelRefundNo: text,
  requestedAt: z.date(),
  refundedAt: z.date().nullable(),
  settledOn: text,
});
export type StoredRefund = z.output<typeof refundRow>;

export const hisRow = z.object({
  id: z.number(),
  merchantCode: z.string(),
  hisSerialNo: z.string(),
  kind: z.enum(['charge', 'refund']),
  status: z.enum(['booked', 'voided']),
  orderNo: text,
  refundNo: text,
  channelTradeNo: text,
  hisOrderNo: billNumber,
  amountFen: z.number(),
  fundFen: share,
  accountFen: share,
  otherFen: share,
  currency: text.transform((value) => value ?? 'CNY'),
  payType: z.string(),
  bizType: text,
  patientName: text,
  cardNo: text,
  occurredAt: z.date(),
  settledOn: z.string(),
  dueReconAt: z.date().nullable(),
});
export type StoredHisRecord = z.output<typeof hisRow>;

export const attemptRow = z.object({ attemptNo: z.string() });

export const accountRow = z.object({
  code: z.string(),
  channel: z.string(),
  merchantCode: z.string(),
  enabled: z.boolean(),
});
export type StoredAccount = z.output<typeof accountRow>;

export const merchantRow = z.object({
  code: z.string(),
  zone: text.transform((value) => value ?? 'Asia/Shanghai'),
  dayCutoff: text.transform((value) => value ?? '00:00'),
});

/** Each row is looked at closely by its own schema. */
const storedRows = z.array(
  z.custom<Record<string, unknown>>((row) => typeof row === 'object' && row !== null),
);

/** Database rows → typed attributes. */
export function readRows<Schema extends z.ZodType>(schema: Schema, rows: unknown): z.output<Schema>[] {
  return storedRows.parse(rows).map((row) => schema.parse(fromRow(row)));
}

export function readRow<Schema extends z.ZodType>(
  schema: Schema,
  row: unknown,
): z.output<Schema> | undefined {
  return row ? readRows(schema, [row])[0] : undefined;
}

/** Orders in these states carry money. */
export const moneyStates = ['paid', 'partially_refunded', 'refunded'] as const;

export const carriesMoney = (status: StoredOrder['status']): boolean =>
  status === 'paid' || status === 'partially_refunded' || status === 'refunded';

/** What HIS may call the bill that an order pays. */
export const hisNumbersOf = ({
  businessNo,
  hisOrderNo,
}: Pick<StoredOrder, 'businessNo' | 'hisOrderNo'>): string[] => [
  ...new Set([hisOrderNo, businessNo].filter((number) => number !== null)),
];

/** Lists of numbers go to the database in pieces: SQLite has a limit of parameters, PostgreSQL of patience. */
export function* pieces<Item>(items: Iterable<Item>, size = 500): Generator<Item[]> {
  const all = [...items];
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}

/**
 * `column` is one of many values: they go to the database as one parameter. Nothing else than this may narrow the
 * query by an index of its own, or SQLite may choose that one and read a whole merchant.
 */
export const among = (db: Knex, column: string, values: string[]): Knex.Raw =>
  db.raw(
    isPostgres(db)
      ? '?? IN (SELECT jsonb_array_elements_text(?::jsonb))'
      : '?? IN (SELECT value FROM json_each(?))',
    [column, JSON.stringify(values)],
  );

/** The same for a table's own ids. */
export const amongIds = (db: Knex, ids: number[]): Knex.Raw =>
  db.raw(
    isPostgres(db)
      ? 'id IN (SELECT jsonb_array_elements_text(?::jsonb)::integer)'
      : 'id IN (SELECT value FROM json_each(?))',
    [JSON.stringify(ids)],
  );

/**
 * A table read by one index, named as in its content type. SQLite would read the whole table where its statistics hold
 * a column that nearly nobody fills; PostgreSQL counts what is empty apart.
 */
export const byIndex = (db: Knex, table: string, index: string): Knex.Raw =>
  isPostgres(db) ? db.raw('??', [table]) : db.raw('?? INDEXED BY ??', [table, index]);
