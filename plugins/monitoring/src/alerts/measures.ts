import { X509Certificate } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Bilingual } from '@hospital-pay/errors';
import { businessDay, dateValue, formatAmount, fromRow, shiftDay } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { dueWork } from '../due-work';
import type { AlertRule } from './rule';

/** One figure of one subject (a channel, a merchant, an account; '' for all together), an integer of the metric's unit. */
export interface Figure {
  subject: string;
  value: number;
  /** From how many it was made. */
  samples: number;
}

export interface Measuring {
  db: Knex;
  rule: AlertRule;
  /** The moment it is measured for. */
  at: Date;
  zone: string;
}

export interface Metric {
  title: Bilingual;
  fires: 'above' | 'below';
  /** A threshold times this is in the unit of the figures. */
  scale: number;
  /** Whether it can be told for a moment that has passed. */
  knowsPast: boolean;
  /** Whether a window that began before the rule's hours says nothing. */
  needsWholeWindow?: boolean;
  show(value: number): string;
  measure(measuring: Measuring): Promise<Figure[]>;
}

export const minutesBefore = (at: Date, minutes: number): Date => new Date(at.getTime() - minutes * 60_000);
const weekMinutes = 7 * 24 * 60;
/** A bill that did not come yesterday is missing still when the next one came. */
const billDays = 7;

/** Narrows a query to the rule's merchant and channel. */
function narrow(
  query: Knex.QueryBuilder,
  rule: AlertRule,
  { merchant = 'merchant_code', channel = 'channel' } = {},
): Knex.QueryBuilder {
  if (rule.merchantCode) query.where({ [merchant]: rule.merchantCode });
  if (rule.channel) query.where({ [channel]: rule.channel });
  return query;
}

/** Rows of the rule's scope in a span of time. */
const scoped = (table: string, column: string, { db, rule }: Measuring, from: Date, to: Date) =>
  narrow(db(table).where(column, '>=', dateValue(db, from)).where(column, '<', dateValue(db, to)), rule);

const splitColumn = ({ splitBy }: AlertRule): string | null => {
  switch (splitBy) {
    case 'none':
      return null;
    case 'channel':
      return 'channel';
    case 'merchant':
      return 'merchant_code';
    default:
      return splitBy satisfies never;
  }
};

const countRow = z.object({
  subject: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  count: z.coerce.number(),
  part: z.coerce
    .number()
    .nullish()
    .transform((value) => value ?? 0),
});

/** Counts by the rule's subject; `part` sums what the case names. Without any row there is no subject but the whole. */
async function counted(query: Knex.QueryBuilder, measuring: Measuring, part?: Knex.Raw) {
  const column = splitColumn(measuring.rule);
  query.count({ count: '*' });
  if (part) query.select(part);
  if (column) query.groupBy(column).select({ subject: column });
  const rows: unknown = await query;
  return z.array(countRow).parse(rows);
}

const ordersIn = (measuring: Measuring, from: Date, to: Date) => {
  const query = scoped('orders', 'created_time', measuring, from, to);
  if (measuring.rule.scene) query.where({ scene: measuring.rule.scene });
  return query;
};

const figures = (rows: { subject: string; count: number }[]): Figure[] =>
  rows.map(({ subject, count: value }) => ({ subject, value, samples: value }));

/** Of all together. */
async function wholeCount(query: Knex.QueryBuilder): Promise<Figure[]> {
  const rows: unknown = await query.count({ count: '*' });
  return figures(z.array(countRow).parse(rows));
}

/** Orders that are still so when the rule's time is over. */
async function stillSo(measuring: Measuring, state: Record<string, string>): Promise<Figure[]> {
  const to = minutesBefore(measuring.at, measuring.rule.windowMinutes);
  const query = ordersIn(measuring, minutesBefore(measuring.at, weekMinutes), to).where(state);
  return figures(await counted(query, measuring));
}

/** A number of things of which some are too many. */
const counting = {
  fires: 'above',
  scale: 1,
  knowsPast: false,
  show: (value: number): string => String(value),
} as const;

const paidStates = ['paid', 'partially_refunded', 'refunded'];
const triedStates = [...paidStates, 'failed', 'reversed', 'unknown'];

const openOneSided = ({ db, rule }: Measuring) => {
  const open = db('discrepancies')
    .where({ status: 'open' })
    .whereIn('kind', ['his_only', 'platform_only', 'channel_only']);
  return narrow(open, rule, { channel: 'pay_type' });
};

const accountRow = z.object({ code: z.string(), config: z.record(z.string(), z.unknown()).nullable() });
const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Days until the first certificate among public parameters ends. */
function daysLeft(config: Record<string, unknown>, at: Date): number[] {
  return Object.values(config).flatMap((value) =>
    typeof value !== 'string'
      ? []
      : [...value.matchAll(certificate)].flatMap(([pem]) => {
          try {
            const { validTo } = new X509Certificate(pem);
            return Math.floor((new Date(validTo).getTime() - at.getTime()) / 86_400_000);
          } catch {
            return [];
          }
        }),
  );
}

export const metrics = {
  success_rate: {
    title: { zh: '支付成功率', en: 'Success rate' },
    fires: 'below',
    scale: 100,
    knowsPast: true,
    show: (value) => `${(value / 100).toFixed(2)}%`,
    async measure(measuring) {
      const { db, rule, at } = measuring;
      const query = ordersIn(measuring, minutesBefore(at, rule.windowMinutes), at).whereIn(
        'status',
        triedStates,
      );
      const paid = db.raw(`sum(case when status in (?, ?, ?) then 1 else 0 end) as part`, paidStates);
      return (await counted(query, measuring, paid))
        .filter((row) => row.count > 0)
        .map((row) => ({
          subject: row.subject,
          value: Math.floor((row.part * 10_000) / row.count),
          samples: row.count,
        }));
    },
  },
  latency_p95: {
    title: { zh: '渠道 P95 耗时', en: 'Channel P95' },
    fires: 'above',
    scale: 1,
    knowsPast: true,
    show: (value) => `${value} ms`,
    async measure({ db, rule, at }) {
      const calls = () => {
        const query = db('interface_logs')
          .where({ direction: 'out' })
          .where('at', '>=', dateValue(db, minutesBefore(at, rule.windowMinutes)))
          .where('at', '<', dateValue(db, at));
        if (rule.channel) query.where({ channel: rule.channel });
        if (rule.merchantCode) {
          const own = db('channel_accounts').where({ merchant_code: rule.merchantCode }).select('code');
          query.whereIn('account_code', own);
        }
        if (rule.scene) query.where('trade_type', 'like', `%_${rule.scene}`);
        return query;
      };
      const isSplit = rule.splitBy === 'channel';
      const rows: unknown = isSplit
        ? await calls()
            .whereNotNull('channel')
            .groupBy('channel')
            .select({ subject: 'channel' })
            .count({ count: '*' })
        : await calls().count({ count: '*' });
      const found: Figure[] = [];
      for (const { subject, count: samples } of z.array(countRow).parse(rows)) {
        if (samples === 0) continue;
        const own = subject === '' ? calls() : calls().where({ channel: subject });
        const row: { duration_ms?: unknown } | undefined = await own
          .orderBy('duration_ms')
          .offset(Math.min(samples - 1, Math.floor(samples * 0.95)))
          .first('duration_ms');
        found.push({ subject, value: Number(row?.duration_ms ?? 0), samples });
      }
      return found;
    },
  },
  traffic: {
    title: { zh: '订单数', en: 'Orders' },
    ...counting,
    fires: 'below',
    knowsPast: true,
    needsWholeWindow: true,
    // Nothing to count is the very thing it is about, so it is never told by its parts.
    measure: (measuring) =>
      wholeCount(
        ordersIn(measuring, minutesBefore(measuring.at, measuring.rule.windowMinutes), measuring.at),
      ),
  },
  unknown_orders: {
    title: { zh: '结果未知的订单', en: 'Unknown orders' },
    ...counting,
    measure: (measuring) => stillSo(measuring, { status: 'unknown' }),
  },
  one_sided_count: {
    title: { zh: '单边账笔数', en: 'One-sided entries' },
    ...counting,
    measure: (measuring) => wholeCount(openOneSided(measuring)),
  },
  one_sided_amount: {
    title: { zh: '单边账金额', en: 'One-sided amount' },
    fires: 'above',
    scale: 100,
    knowsPast: false,
    show: (value) => `¥${formatAmount(value)}`,
    async measure(measuring) {
      const row: Record<string, unknown> | undefined = await openOneSided(measuring)
        .select(measuring.db.raw('sum(abs(difference_fen)) as sum_fen'))
        .count({ count: '*' })
        .first();
      const read = z
        .object({ sumFen: z.number().nullable(), count: z.coerce.number() })
        .parse(fromRow({ ...row }));
      return [{ subject: '', value: read.sumFen ?? 0, samples: read.count }];
    },
  },
  bill_missing: {
    title: { zh: '账单未到的账户', en: 'Accounts without a bill' },
    ...counting,
    async measure({ db, rule, at, zone }) {
      const today = businessDay(at, { zone, dayCutoff: '00:00' });
      const withoutBill = (date: string) =>
        db('channel_accounts as a')
          .where({ 'a.enabled': true })
          // Who took nothing has no bill to wait for.
          .whereExists(
            db('orders as o')
              .whereRaw('o.account_code = a.code')
              .where('o.settled_on', date)
              .where('o.paid_fen', '>', 0)
              .select(db.raw('1')),
          )
          .whereNotExists(
            db('bill_archives as b')
              .whereRaw('b.account_code = a.code')
              .where({ 'b.date': date, 'b.kind': 'trade' })
              .select(db.raw('1')),
          )
          .whereNotExists(
            db('reconciliation_runs as r')
              .whereRaw('r.account_code = a.code')
              .where({ 'r.date': date, 'r.status': 'done' })
              .select(db.raw('1')),
          )
          .select('a.code');
      const missing = new Set<string>();
      for (let age = 1; age <= billDays; age += 1) {
        const query = withoutBill(shiftDay(today, -age));
        const rows: { code: string }[] = await narrow(query, rule, {
          merchant: 'a.merchant_code',
          channel: 'a.channel',
        });
        for (const { code } of rows) missing.add(code);
      }
      return [{ subject: '', value: missing.size, samples: missing.size }];
    },
  },
  refund_failures: {
    title: { zh: '退款失败', en: 'Failed refunds' },
    ...counting,
    knowsPast: true,
    async measure(measuring) {
      const { rule, at } = measuring;
      const from = minutesBefore(at, rule.windowMinutes);
      // Nothing touches a refund after it failed: that is when it did, however long before it was asked for.
      const query = scoped('refunds', 'updated_at', measuring, from, at).where({ status: 'failed' });
      return figures(await counted(query, measuring));
    },
  },
  his_backlog: {
    title: { zh: 'HIS 待确认', en: 'HIS confirmations waiting' },
    ...counting,
    measure: (measuring) => stillSo(measuring, { his_state: 'waiting' }),
  },
  certificate_expiry: {
    title: { zh: '证书剩余天数', en: 'Certificate days left' },
    ...counting,
    fires: 'below',
    async measure({ db, rule, at }) {
      const rows: unknown = await narrow(db('channel_accounts').where({ enabled: true }), rule).select(
        'code',
        'config',
      );
      return z
        .array(z.looseObject({}))
        .parse(rows)
        .flatMap((row) => {
          const { code, config } = accountRow.parse(fromRow(row));
          const days = daysLeft(config ?? {}, at);
          return days.length === 0 ? [] : [{ subject: code, value: Math.min(...days), samples: days.length }];
        });
    },
  },
  disk: {
    title: { zh: '磁盘占用', en: 'Disk used' },
    ...counting,
    show: (value) => `${value}%`,
    async measure() {
      const { blocks, bfree } = await statfs(path.resolve(process.env.ARCHIVE_DIR || '.')).catch(() =>
        statfs('.'),
      );
      return [{ subject: '', value: Math.round(((blocks - bfree) * 100) / Math.max(blocks, 1)), samples: 1 }];
    },
  },
  queue_depth: {
    title: { zh: '积压任务', en: 'Work waiting' },
    ...counting,
    async measure({ db, at }) {
      const work = await dueWork(db, at);
      const value = Object.values(work).reduce((sum, one) => sum + one, 0);
      return [{ subject: '', value, samples: value }];
    },
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;
export const metricOf = (name: MetricName): Metric => metrics[name];
