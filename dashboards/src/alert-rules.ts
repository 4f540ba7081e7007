import { database, quantile, spread, successRate } from './panels';

/** Grafana shows the Chinese; the platform makes its message of both. */
interface Said {
  zh: string;
  en: string;
}

interface Alert {
  uid: string;
  title: Said;
  /** What somebody should do about it. */
  advice: Said;
  /** One number a row, in column `value`; other columns name what it is about. */
  query: string;
  fires: { type: 'gt' | 'lt'; than: number };
  for: string;
  severity: 'warning' | 'critical';
}

const ago = (interval: string) => `(SELECT now - interval '${interval}' FROM wall.clock)`;

/**
 * No `$` in any of these: Grafana puts environment variables into provisioned alert rules, and takes every `$name` for one.
 */
export const alerts: readonly Alert[] = [
  {
    uid: 'hospital-pay-success-rate',
    title: { zh: '渠道成功率低于 90%', en: 'Success of a channel below 90%' },
    advice: {
      zh: '看渠道健康的错误码，必要时在路由里停用该渠道',
      en: 'See the error codes in Channel health; if need be disable the channel in its routes',
    },
    query: `SELECT channel, (${successRate})::float8 AS value FROM wall.orders
      WHERE time >= ${ago('15 minutes')}
      GROUP BY channel HAVING sum(paid) + sum(failed) + sum(unknown) >= 10`,
    fires: { type: 'lt', than: 0.9 },
    for: '5m',
    severity: 'critical',
  },
  {
    uid: 'hospital-pay-latency',
    title: { zh: '渠道调用 P95 超过 5 秒', en: 'P95 of a channel’s calls above 5 seconds' },
    advice: {
      zh: '查网络与渠道公告',
      en: 'Check the network and the channel’s notices',
    },
    query: `SELECT channel, ${quantile(0.95)}::float8 AS value
      FROM ${spread({ channel: "coalesce(channel, 'his')" }, `direction = 'out' AND time >= ${ago('10 minutes')}`)}
      GROUP BY 1`,
    fires: { type: 'gt', than: 5000 },
    for: '5m',
    severity: 'warning',
  },
  {
    uid: 'hospital-pay-no-traffic',
    title: { zh: '工作时间 30 分钟没有订单', en: 'No orders for 30 minutes in working hours' },
    advice: {
      zh: '查自助机、窗口与 HIS 到平台的网络',
      en: 'Check the network from kiosks, windows and HIS to the platform',
    },
    query: `SELECT CASE WHEN extract(isodow FROM local) <= 5 AND local::time >= '08:30' AND local::time < '17:00'
        THEN (SELECT coalesce(sum(orders), 0) FROM wall.orders WHERE time >= ${ago('30 minutes')}) ELSE 1 END::float8 AS value
      FROM (SELECT now AT TIME ZONE 'UTC' AT TIME ZONE zone AS local FROM wall.clock) AS hospital`,
    fires: { type: 'lt', than: 1 },
    for: '5m',
    severity: 'critical',
  },
  {
    uid: 'hospital-pay-unknown-orders',
    title: { zh: '订单结果未知超过 10 分钟', en: 'Orders unknown for more than 10 minutes' },
    advice: {
      zh: '平台仍在向渠道查询；久不回答时联系渠道',
      en: 'The platform goes on asking the channel; call the channel if it does not answer',
    },
    query: `SELECT channel, sum(unknown)::float8 AS value FROM wall.orders
      WHERE unknown > 0 AND time BETWEEN ${ago('1 day')} AND ${ago('10 minutes')} GROUP BY channel`,
    fires: { type: 'gt', than: 0 },
    for: '0s',
    severity: 'critical',
  },
  {
    uid: 'hospital-pay-refund-failures',
    title: { zh: '退款失败', en: 'Failed refunds' },
    advice: {
      zh: '在退款列表里看原因，改用其他方式退还',
      en: 'See why in the list of refunds and give the money back in another way',
    },
    query: `SELECT channel, count(*)::float8 AS value FROM wall.failed_refunds
      WHERE time >= ${ago('1 hour')} GROUP BY channel`,
    fires: { type: 'gt', than: 0 },
    for: '0s',
    severity: 'warning',
  },
  {
    uid: 'hospital-pay-his-backlog',
    title: { zh: 'HIS 记账积压', en: 'HIS bookings are waiting' },
    advice: {
      zh: '已付款而 HIS 10 分钟未确认；查 HIS 接口',
      en: 'Paid, and not confirmed by HIS for 10 minutes: check the interface of HIS',
    },
    query: `SELECT coalesce(sum(late), 0)::float8 AS value FROM wall.backlog WHERE topic LIKE 'his.%'`,
    fires: { type: 'gt', than: 10 },
    for: '5m',
    severity: 'critical',
  },
  {
    uid: 'hospital-pay-runs-failed',
    title: { zh: '对账任务失败', en: 'A reconciliation run failed' },
    advice: {
      zh: '在对账任务里看原因并重做',
      en: 'See why in the reconciliation runs and run it again',
    },
    query: `SELECT account_code, count(*)::float8 AS value FROM wall.runs
      WHERE status = 'failed' AND time >= ${ago('1 day')} GROUP BY account_code`,
    fires: { type: 'gt', than: 0 },
    for: '0s',
    severity: 'warning',
  },
  {
    uid: 'hospital-pay-dead-work',
    title: { zh: '任务已放弃', en: 'Work was given up' },
    advice: {
      zh: '多次重试未成，需人工处理',
      en: 'Tried many times: a person has to see to it',
    },
    query: `SELECT topic, sum(waiting)::float8 AS value FROM wall.backlog WHERE status = 'dead' GROUP BY topic`,
    fires: { type: 'gt', than: 0 },
    for: '0s',
    severity: 'critical',
  },
];

const rule = ({ uid, title, advice, query, fires, severity, for: pending }: Alert) => ({
  uid,
  title: title.zh,
  condition: 'B',
  for: pending,
  noDataState: 'OK',
  execErrState: 'Error',
  labels: { severity, product: 'hospital-pay' },
  annotations: {
    summary: title.zh,
    description: advice.zh,
    summary_en: title.en,
    description_en: advice.en,
  },
  notification_settings: { receiver: 'hospital-pay' },
  data: [
    {
      refId: 'A',
      datasourceUid: database.uid,
      relativeTimeRange: { from: 3600, to: 0 },
      model: { refId: 'A', format: 'table', rawQuery: true, rawSql: query.replace(/\s+/g, ' ').trim() },
    },
    {
      refId: 'B',
      datasourceUid: '__expr__',
      relativeTimeRange: { from: 0, to: 0 },
      model: {
        refId: 'B',
        type: 'threshold',
        expression: 'A',
        datasource: { type: '__expr__', uid: '__expr__' },
        conditions: [{ type: 'query', evaluator: { type: fires.type, params: [fires.than] } }],
      },
    },
  ],
});

/** The file Grafana reads from `provisioning/alerting`. */
export const alertFile = {
  apiVersion: 1,
  groups: [{ orgId: 1, name: 'hospital-pay', folder: '统一支付', interval: '1m', rules: alerts.map(rule) }],
};
