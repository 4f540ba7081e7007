import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';

/** Any number that no other advisory lock of ours takes: instances that boot together make the views one after another. */
const viewsLock = 7_209_001;

/** What the views must say in the words of one database. */
export interface Dialect {
  /** A table of the platform. */
  from(table: string): string;
  /** The view itself, as other views name it. */
  view(name: string): string;
  /** A column of the platform as a moment of UTC. */
  moment(column: string): string;
  /** The one row of `clock`. */
  clock: string;
  /** When a day of the hospital, written as 2026-03-01, begins. */
  dayBegins(date: string): string;
  /** A moment so many minutes later, or earlier. */
  shifted(moment: string, minutes: number): string;
  /** Seconds from one moment to a later one. */
  seconds(from: string, to: string): string;
  now: string;
}

/** What a dashboard calls the codes in the tables. */
export interface Words {
  channels: Readonly<Record<string, string>>;
  /** Of an enumeration: content type and attribute. */
  of(type: string, attribute: string): Readonly<Record<string, string>>;
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * `zone` is the zone in which this process writes moments: a driver puts a Date down as the process' local time. In UTC the
 * column itself is shown and its index serves the panels; elsewhere it is converted, which an index cannot follow.
 */
export function postgresDialect(schema: string, zone: string): Dialect {
  const from = (table: string) => `"${schema}"."${table}"`;
  const local = (day: string) => `${day} AT TIME ZONE zone AT TIME ZONE 'UTC'`;
  return {
    from,
    view: (name) => `wall.${name}`,
    moment: (column) =>
      zone === 'UTC' ? column : `(${column} AT TIME ZONE ${quoted(zone)} AT TIME ZONE 'UTC')`,
    clock: `
      SELECT zone, at AS now, ${local('today')} AS today, ${local("(today - interval '1 day')")} AS yesterday,
        ${local("(local - interval '1 day')")} AS yesterday_now, to_char(local, 'YYYY-MM-DD') AS date,
        at - interval '15 minutes' AS quarter_ago, at - interval '1 hour' AS hour_ago,
        at - interval '7 days' AS week_ago
      FROM (SELECT zone, at, local, date_trunc('day', local) AS today
        FROM (SELECT zone, at, at AT TIME ZONE 'UTC' AT TIME ZONE zone AS local
          FROM (SELECT now() AT TIME ZONE 'UTC' AS at, coalesce(
            (SELECT zone FROM ${from('merchants')} WHERE enabled ORDER BY code LIMIT 1), 'Asia/Shanghai') AS zone
          ) AS hospital) AS here) AS day`,
    dayBegins: (date) => `(SELECT ${date}::timestamp AT TIME ZONE zone AT TIME ZONE 'UTC' FROM wall.clock)`,
    shifted: (moment, minutes) => `${moment} + interval '${minutes} minutes'`,
    seconds: (start, end) => `extract(epoch FROM ${end} - ${start})`,
    now: "(now() AT TIME ZONE 'UTC')",
  };
}

export const clockColumns = [
  'now',
  'today',
  'yesterday',
  'yesterday_now',
  'date',
  'quarter_ago',
  'hour_ago',
  'week_ago',
] as const;

/** SQLite knows no zones: `hospital_time(zone, name)` and `hospital_day(zone, date)` are given to the connection that reads. */
export const sqliteDialect: Dialect = {
  from: (table) => table,
  view: (name) => `wall_${name}`,
  moment: (column) => column,
  clock: `
    SELECT zone, ${clockColumns.map((name) => `hospital_time(zone, '${name}') AS ${name}`).join(', ')}
    FROM (SELECT coalesce(
      (SELECT zone FROM merchants WHERE enabled ORDER BY code LIMIT 1), 'Asia/Shanghai') AS zone) AS hospital`,
  dayBegins: (date) => `hospital_day((SELECT zone FROM wall_clock), ${date})`,
  shifted: (moment, minutes) => `${moment} + ${minutes * 60_000}`,
  seconds: (start, end) => `(${end} - ${start}) / 1000.0`,
  now: '(SELECT now FROM wall_clock)',
};

/** The newest orders a feed can reach back to. */
const feedLength = 500;
const dayMinutes = 24 * 60;
/** What waits longer than this is late. */
const lateMinutes = 10;
const topics = { 'his.confirm': 'HIS 记账', 'his.refund': 'HIS 退费', alarm: '告警' };

/**
 * The read-only face of the database for a dashboard, one view for each subject. No view shows a patient, a card or what a
 * call said. Moments are UTC (a timestamp without zone on PostgreSQL, as Grafana takes them; milliseconds on SQLite);
 * `_yuan` is fen ÷ 100, for display only, and null where the currency is not CNY, so that sums never mix currencies.
 */
export function wallViews(dialect: Dialect, words: Words): Record<string, string> {
  const { from, view, moment, clock, dayBegins, shifted, seconds, now } = dialect;
  const yuan = (fen: string, currency = 'currency') =>
    `CASE WHEN ${currency} = 'CNY' THEN ${fen} / 100.0 END`;
  const latest = (column: string, table: string) => `SELECT ${moment(`max(${column})`)} FROM ${from(table)}`;
  const named = (column: string, names: Readonly<Record<string, string>>, unknown = column) => {
    const cases = Object.entries(names).map(([code, name]) => `WHEN ${quoted(code)} THEN ${quoted(name)}`);
    return cases.length > 0 ? `CASE ${column} ${cases.join(' ')} ELSE ${unknown} END` : unknown;
  };
  const channelName = (column = 'channel') => named(column, words.channels, `coalesce(${column}, 'HIS')`);
  const currencyOf = "coalesce(a.currency, 'CNY')";

  return {
    clock,
    merchants: `SELECT code, name, kind, zone, enabled FROM ${from('merchants')}`,
    accounts: `
      SELECT code, name, channel, ${channelName()} AS channel_name, merchant_code, enabled, coalesce((
        SELECT currency FROM ${from('orders')} o WHERE o.account_code = a.code ORDER BY created_time DESC LIMIT 1
      ), 'CNY') AS currency
      FROM ${from('channel_accounts')} a`,
    orders: `
      SELECT ${moment('at')} AS time, ${shifted(moment('at'), dayMinutes)} AS a_day_later, merchant_code, channel,
        ${channelName()} AS channel_name, scene, ${named('scene', words.of('order', 'scene'))} AS scene_name, currency,
        orders, paid, failed, unknown, closed, open, ${yuan('paid_fen')} AS paid_yuan
      FROM ${from('order_minutes')}`,
    feed: `
      SELECT ${moment('created_time')} AS time, merchant_code, channel, ${channelName()} AS channel_name,
        ${named('scene', words.of('order', 'scene'))} AS scene_name, '…' || substr(order_no, length(order_no) - 5) AS order_tail,
        status, ${named('status', words.of('order', 'status'))} AS status_name, ${yuan('amount_fen')} AS amount_yuan
      FROM (SELECT * FROM ${from('orders')} ORDER BY created_time DESC LIMIT ${feedLength}) AS newest`,
    refunds: `
      SELECT ${moment('at')} AS time, merchant_code, channel, ${channelName()} AS channel_name, currency,
        refunds, succeeded, failed, unknown, open, ${yuan('succeeded_fen')} AS succeeded_yuan
      FROM ${from('refund_minutes')}`,
    calls: `
      SELECT ${moment('at')} AS time, channel, ${channelName()} AS channel_name, method, direction,
        ${named('direction', words.of('interface-log', 'direction'))} AS direction_name, bound_ms, calls, errors
      FROM ${from('call_minutes')}`,
    errors: `
      SELECT ${moment('at')} AS time, channel, ${channelName()} AS channel_name, action, error_code, error_message, advice,
        errors
      FROM ${from('error_minutes')}`,
    discrepancies: `
      SELECT ${moment('d.occurred_at')} AS time, d.merchant_code, d.account_code, a.channel, d.pay_type, d.kind,
        ${named('d.kind', words.of('discrepancy', 'kind'))} AS kind_name, d.leg, d.status, d.source, d.date, d.due_on,
        ${moment('d.resolved_at')} AS resolved_at, d.resolution,
        d.status IN ('open', 'pending_approval', 'refunding', 'in_transit') AS is_open,
        ${yuan('d.difference_fen', currencyOf)} AS difference_yuan
      FROM ${from('discrepancies')} d LEFT JOIN ${view('accounts')} a ON a.code = d.account_code`,
    runs: `
      SELECT ${moment('created_time')} AS time, run_no, merchant_code, channel, ${channelName()} AS channel_name,
        account_code, date, status, ${named('status', words.of('reconciliation-run', 'status'))} AS status_name, stage,
        error_code, error_message, ${moment('started_at')} AS started_at, ${moment('finished_at')} AS finished_at,
        ${seconds('started_at', 'finished_at')} AS seconds
      FROM ${from('reconciliation_runs')}`,
    daily_totals: `
      SELECT t.date, ${dayBegins('t.date')} AS time, t.merchant_code, t.account_code, a.channel, t.pay_type,
        ${channelName('t.pay_type')} AS pay_type_name, t.his_count, t.platform_count, t.channel_count,
        ${yuan('t.his_fen', currencyOf)} AS his_yuan,
        ${yuan('t.platform_fen', currencyOf)} AS platform_yuan,
        ${yuan('t.channel_fen', currencyOf)} AS channel_yuan,
        ${yuan('t.difference_fen', currencyOf)} AS difference_yuan,
        ${yuan('t.fee_fen', currencyOf)} AS fee_yuan
      FROM ${from('daily_totals')} t LEFT JOIN ${view('accounts')} a ON a.code = t.account_code`,
    messages: `
      SELECT ${moment('at')} AS time, kind, level, ${named('level', words.of('message', 'level'))} AS level_name, title,
        read_at IS NOT NULL AS is_read, resolved_at IS NULL AND acknowledged_at IS NULL AS is_open
      FROM ${from('messages')}`,
    backlog: `
      SELECT topic, ${named('topic', topics)} AS topic_name, status, ${named('status', words.of('outbox', 'status'))} AS status_name, count(*) AS waiting,
        count(*) FILTER (WHERE ${moment('created_time')} < ${shifted(now, -lateMinutes)}) AS late,
        ${moment('min(next_at)')} AS oldest
      FROM ${from('outboxes')} WHERE status IN ('pending', 'dead') GROUP BY topic, status`,
    freshness: `
      SELECT source, place, latest, ${seconds('latest', now)} AS age_seconds
      FROM (
        SELECT '订单' AS source, 1 AS place, (${latest('created_time', 'orders')}) AS latest
        UNION ALL SELECT '接口调用', 2, (${latest('at', 'interface_logs')})
        UNION ALL SELECT '异步通知', 3, (${latest('received_at', 'notifications')})
        UNION ALL SELECT 'HIS 记账', 4, (${latest('occurred_at', 'his_records')})
        UNION ALL SELECT '对账', 5, (${latest('created_time', 'reconciliation_runs')})
      ) AS sources`,
  };
}

const options = z.object({
  pluginOptions: z.object({
    lowcode: z.object({ options: z.array(z.object({ value: z.string(), zh: z.string() })) }),
  }),
});

/** What the screens call the codes is what the dashboards call them. */
export const wordsOf = (strapi: Core.Strapi): Words => ({
  channels: Object.fromEntries(
    payments(strapi)
      .channels()
      .map(({ code, title }) => [code, title.zh]),
  ),
  of(type, attribute) {
    const known = options.parse(strapi.contentType(`api::${type}.${type}`)?.attributes[attribute]);
    return Object.fromEntries(known.pluginOptions.lowcode.options.map(({ value, zh }) => [value, zh]));
  },
});

/**
 * Makes schema `wall` on PostgreSQL, or makes it again as this version has it; on SQLite whoever reads makes the views for
 * itself. An account that may not make a schema is no reason not to take payments: it is said in the log and the platform
 * goes on without views.
 */
export async function createWallViews(strapi: Core.Strapi): Promise<void> {
  const { connection } = strapi.db;
  if (strapi.db.dialect.client !== 'postgres') return;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  try {
    await connection.transaction(async (trx) => {
      await trx.raw('SELECT pg_advisory_xact_lock(?)', [viewsLock]);
      await trx.raw('CREATE SCHEMA IF NOT EXISTS wall');
      const dialect = postgresDialect(strapi.db.getSchemaName() ?? 'public', timeZone);
      for (const [name, query] of Object.entries(wallViews(dialect, wordsOf(strapi)))) {
        await trx.raw(`CREATE OR REPLACE VIEW wall.${name} AS ${query}`);
      }
    });
  } catch (error) {
    strapi.log.warn(`monitoring: no views for dashboards: ${error instanceof Error ? error.message : error}`);
  }
}
