import type { Core } from '@strapi/strapi';

/** Any number that no other advisory lock of ours takes: instances that boot together make the views one after another. */
const viewsLock = 7_209_001;

/**
 * The read-only face of the database for a dashboard: schema `wall`, one view for each subject. No view shows a patient, a
 * card or what a call said. Moments are UTC without a zone, as Grafana takes them; `_yuan` is fen ÷ 100 as numeric, for
 * display only, and null where the currency is not CNY, so that sums never mix currencies.
 *
 * `zone` is the zone in which this process writes moments: a driver puts a Date down as the process' local time. In UTC the
 * column itself is shown and its index serves the panels; elsewhere it is converted, which an index cannot follow.
 */
export function wallViews(schema: string, zone: string): Record<string, string> {
  const from = (table: string) => `"${schema}"."${table}"`;
  const utc = (column: string) => {
    if (zone === 'UTC') return column;
    return `(${column} AT TIME ZONE '${zone.replaceAll("'", "''")}' AT TIME ZONE 'UTC')`;
  };
  const yuan = (fen: string, currency = 'currency') =>
    `CASE WHEN ${currency} = 'CNY' THEN ${fen} / 100.0 END`;
  const local = (day: string) => `${day} AT TIME ZONE zone AT TIME ZONE 'UTC'`;
  const latest = (column: string, table: string) => `SELECT ${utc(`max(${column})`)} FROM ${from(table)}`;

  return {
    clock: `
      SELECT zone, at AS now,
        ${local('today')} AS today,
        ${local("(today - interval '1 day')")} AS yesterday,
        ${local("(local - interval '1 day')")} AS yesterday_now
      FROM (SELECT zone, at, local, date_trunc('day', local) AS today
        FROM (SELECT zone, at, at AT TIME ZONE 'UTC' AT TIME ZONE zone AS local
          FROM (SELECT now() AT TIME ZONE 'UTC' AS at, coalesce(
            (SELECT zone FROM ${from('merchants')} WHERE enabled ORDER BY code LIMIT 1), 'Asia/Shanghai') AS zone
          ) AS hospital) AS here) AS day`,
    merchants: `SELECT code, name, kind, zone, enabled FROM ${from('merchants')}`,
    accounts: `
      SELECT code, name, channel, merchant_code, enabled, coalesce((
        SELECT currency FROM ${from('orders')} o WHERE o.account_code = a.code ORDER BY created_time DESC LIMIT 1
      ), 'CNY') AS currency
      FROM ${from('channel_accounts')} a`,
    orders: `
      SELECT ${utc('created_time')} AS time, ${utc('paid_at')} AS paid_at, merchant_code, channel, account_code, scene,
        biz_type, status, recon_state, his_state, error_code, currency,
        CASE
          WHEN status IN ('paid', 'partially_refunded', 'refunded') THEN 'paid'
          WHEN status IN ('failed', 'reversed') THEN 'failed'
          WHEN status IN ('unknown', 'closed') THEN status
          ELSE 'open'
        END AS outcome,
        ${yuan('amount_fen')} AS amount_yuan,
        ${yuan('paid_fen')} AS paid_yuan,
        ${yuan('refunded_fen')} AS refunded_yuan
      FROM ${from('orders')}`,
    refunds: `
      SELECT ${utc('requested_at')} AS time, ${utc('refunded_at')} AS refunded_at, merchant_code, channel, account_code,
        status, source, error_code, currency, ${yuan('amount_fen')} AS amount_yuan
      FROM ${from('refunds')}`,
    calls: `
      SELECT ${utc('at')} AS time, channel, account_code, trade_type, method, direction, http_status, duration_ms,
        error_code
      FROM ${from('interface_logs')}`,
    errors: `
      SELECT ${utc('at')} AS time, channel, account_code, trade_type, action, error_code, error_message, advice
      FROM ${from('abnormal_requests')}`,
    discrepancies: `
      SELECT ${utc('d.occurred_at')} AS time, d.merchant_code, d.account_code, a.channel, d.pay_type, d.kind, d.leg,
        d.status, d.source, d.date, d.due_on, ${utc('d.resolved_at')} AS resolved_at, d.resolution,
        d.status IN ('open', 'pending_approval', 'refunding', 'in_transit') AS is_open,
        ${yuan('d.difference_fen', "coalesce(a.currency, 'CNY')")} AS difference_yuan
      FROM ${from('discrepancies')} d LEFT JOIN wall.accounts a ON a.code = d.account_code`,
    runs: `
      SELECT ${utc('created_time')} AS time, run_no, merchant_code, channel, account_code, date, status, stage, error_code,
        error_message, ${utc('started_at')} AS started_at, ${utc('finished_at')} AS finished_at,
        extract(epoch FROM finished_at - started_at) AS seconds
      FROM ${from('reconciliation_runs')}`,
    daily_totals: `
      SELECT t.date, t.date::timestamp AS time, t.merchant_code, t.account_code, a.channel, t.pay_type,
        t.his_count, t.platform_count, t.channel_count,
        ${yuan('t.his_fen', "coalesce(a.currency, 'CNY')")} AS his_yuan,
        ${yuan('t.platform_fen', "coalesce(a.currency, 'CNY')")} AS platform_yuan,
        ${yuan('t.channel_fen', "coalesce(a.currency, 'CNY')")} AS channel_yuan,
        ${yuan('t.difference_fen', "coalesce(a.currency, 'CNY')")} AS difference_yuan,
        ${yuan('t.fee_fen', "coalesce(a.currency, 'CNY')")} AS fee_yuan
      FROM ${from('daily_totals')} t LEFT JOIN wall.accounts a ON a.code = t.account_code`,
    messages: `
      SELECT ${utc('at')} AS time, kind, level, title, read_at IS NOT NULL AS is_read FROM ${from('messages')}`,
    backlog: `
      SELECT topic, status, count(*) AS waiting, ${utc('min(next_at)')} AS oldest
      FROM ${from('outboxes')} WHERE status IN ('pending', 'dead') GROUP BY topic, status`,
    freshness: `
      SELECT source, latest, extract(epoch FROM (now() AT TIME ZONE 'UTC') - latest) AS age_seconds
      FROM (VALUES
        ('orders', (${latest('created_time', 'orders')})),
        ('calls', (${latest('at', 'interface_logs')})),
        ('notifications', (${latest('received_at', 'notifications')})),
        ('his', (${latest('occurred_at', 'his_records')})),
        ('reconciliation', (${latest('created_time', 'reconciliation_runs')}))
      ) AS sources (source, latest)`,
  };
}

/**
 * Makes schema `wall`, or makes it again as this version has it; on SQLite nothing. An account that may not make a schema is
 * no reason not to take payments: it is said in the log and the platform goes on without views.
 */
export async function createWallViews(strapi: Core.Strapi): Promise<void> {
  const { connection } = strapi.db;
  if (strapi.db.dialect.client !== 'postgres') return;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  try {
    await connection.transaction(async (trx) => {
      await trx.raw('SELECT pg_advisory_xact_lock(?)', [viewsLock]);
      await trx.raw('CREATE SCHEMA IF NOT EXISTS wall');
      const views = wallViews(strapi.db.getSchemaName() ?? 'public', timeZone);
      for (const [name, query] of Object.entries(views)) {
        await trx.raw(`CREATE OR REPLACE VIEW wall.${name} AS ${query}`);
      }
    });
  } catch (error) {
    strapi.log.warn(`monitoring: no views for dashboards: ${error instanceof Error ? error.message : error}`);
  }
}
