import { DashboardCursorSync } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  bars,
  board,
  figures,
  heat,
  lines,
  merchants,
  money,
  ofMerchant,
  onlyInEnglish,
  quantile,
  rows,
  shares,
  spread,
  steps,
  successRate,
} from './panels';

const since = (moment: string) => `time >= (SELECT ${moment} FROM wall.clock)`;
const today = `${since('today')} AND ${ofMerchant}`;
const untilNowYesterday = `${since('yesterday')} AND time <= (SELECT yesterday_now FROM wall.clock) AND ${ofMerchant}`;
const open = `is_open AND ${ofMerchant}`;
const goodRate = steps('red', [0.95, 'orange'], [0.99, 'green']);
const shortTime = steps('green', [2000, 'orange'], [5000, 'red']);
const colored = (...words: readonly [text: string, color: string][]) => [
  {
    id: 'mappings',
    value: [
      {
        type: 'value',
        options: Object.fromEntries(words.map(([text, color], index) => [text, { text, color, index }])),
      },
    ],
  },
  { id: 'custom.cellOptions', value: { type: 'color-text' } },
];

/** 支付监控大屏: the figures of a day at a glance, for a screen that nobody touches. */
export const wall = board('hospital-pay-wall', '支付监控大屏', '今日支付、退款、差错与渠道状态，每 30 秒刷新')
  .time({ from: 'now/d', to: 'now' })
  .tooltip(DashboardCursorSync.Crosshair)
  .withVariable(merchants())
  .withPanel(
    figures(
      { id: 1, title: '今日收款', at: [0, 0, 6, 5], description: '已支付订单实收；旁为昨日同一时刻' },
      `SELECT
        (SELECT coalesce(sum(paid_yuan), 0) FROM wall.orders WHERE ${today}) AS "今日",
        (SELECT coalesce(sum(paid_yuan), 0) FROM wall.orders WHERE ${untilNowYesterday}) AS "昨日此时"`,
    ).unit(money),
  )
  .withPanel(
    figures(
      { id: 2, title: '今日笔数', at: [6, 0, 4, 5], description: '已支付订单数；旁为昨日同一时刻' },
      `SELECT
        (SELECT coalesce(sum(paid), 0) FROM wall.orders WHERE ${today}) AS "今日",
        (SELECT coalesce(sum(paid), 0) FROM wall.orders WHERE ${untilNowYesterday}) AS "昨日此时"`,
    ),
  )
  .withPanel(
    figures(
      {
        id: 3,
        title: '成功率',
        at: [10, 0, 3, 5],
        description: '已支付 ÷ (已支付 + 失败 + 结果未知)；过期未付而关闭的不计',
      },
      `SELECT ${successRate} AS "今日" FROM wall.orders WHERE ${today}`,
    )
      .unit('percentunit')
      .decimals(2)
      .noValue('无订单')
      .thresholds(goodRate),
  )
  .withPanel(
    figures(
      {
        id: 4,
        title: '渠道调用 P95',
        at: [13, 0, 3, 5],
        description: '近 15 分钟发往渠道与 HIS 的调用耗时，向上取至分档',
      },
      `SELECT ${quantile(0.95)} AS "近15分钟" FROM ${spread({}, `direction = 'out' AND ${since('quarter_ago')}`)}`,
    )
      .unit('ms')
      .decimals(0)
      .noValue('无调用')
      .thresholds(shortTime),
  )
  .withPanel(
    figures(
      { id: 5, title: '今日退款', at: [16, 0, 4, 5], description: '退款成功的金额与笔数，按申请时间' },
      `SELECT coalesce(sum(succeeded_yuan), 0) AS "金额", coalesce(sum(succeeded), 0) AS "笔数"
      FROM wall.refunds WHERE ${today}`,
    ).overrideByName('金额', [{ id: 'unit', value: money }]),
  )
  .withPanel(
    figures(
      { id: 6, title: '未处理差错', at: [20, 0, 4, 5], description: '单边账与差错：差额按绝对值合计' },
      `SELECT coalesce(sum(abs(difference_yuan)), 0) AS "金额", count(*) AS "笔数"
      FROM wall.discrepancies WHERE ${open}`,
    )
      .thresholds(steps('green', [0.01, 'orange']))
      .overrideByName('金额', [{ id: 'unit', value: money }]),
  )
  .withPanel(
    lines(
      { id: 7, title: '每分钟收款', at: [0, 5, 12, 8], description: '虚线为昨日同一时刻' },
      `SELECT $__timeGroupAlias(time, '$__interval'), '今日' AS metric, sum(paid_yuan) AS value
      FROM wall.orders
      WHERE $__timeFilter(time) AND paid > 0 AND ${ofMerchant} GROUP BY 1 ORDER BY 1`,
      `SELECT $__timeGroupAlias(a_day_later, '$__interval'), '昨日' AS metric, sum(paid_yuan) AS value
      FROM wall.orders
      WHERE ${untilNowYesterday} AND $__timeFilter(a_day_later) AND paid > 0 GROUP BY 1 ORDER BY 1`,
    )
      .unit(money)
      .interval('1m')
      .overrideByName('昨日', [
        { id: 'custom.fillOpacity', value: 0 },
        { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } },
      ]),
  )
  .withPanel(
    shares(
      { id: 8, title: '渠道占比', at: [12, 5, 5, 8], description: '今日实收金额' },
      `SELECT channel_name, sum(paid_yuan) AS "金额" FROM wall.orders
      WHERE paid > 0 AND ${today} GROUP BY channel_name ORDER BY 2 DESC NULLS LAST`,
    ).unit(money),
  )
  .withPanel(
    rows(
      { id: 13, title: '渠道健康', at: [17, 5, 7, 8], description: '近 1 小时的订单与发往渠道的调用' },
      `SELECT accounts.channel_name AS "渠道", coalesce(taken.orders, 0) AS "订单", taken.rate AS "成功率",
        called.p95 AS "P95", called.errors AS "出错"
      FROM (SELECT DISTINCT channel, channel_name FROM wall.accounts WHERE enabled AND ${ofMerchant}) AS accounts
      LEFT JOIN (SELECT channel, sum(orders) AS orders, ${successRate} AS rate
        FROM wall.orders WHERE ${since('hour_ago')} AND ${ofMerchant} GROUP BY channel) AS taken
        ON taken.channel = accounts.channel
      LEFT JOIN (SELECT channel, ${quantile(0.95)} AS p95, sum(errors) AS errors
        FROM ${spread({ channel: 'channel' }, `direction = 'out' AND ${since('hour_ago')}`, ['errors'])}
        GROUP BY channel) AS called
        ON called.channel = accounts.channel
      ORDER BY 2 DESC, 1`,
    )
      .overrideByName('成功率', [
        { id: 'unit', value: 'percentunit' },
        { id: 'decimals', value: 1 },
        { id: 'thresholds', value: goodRate.build() },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      ])
      .overrideByName('P95', [
        { id: 'unit', value: 'ms' },
        { id: 'decimals', value: 0 },
        { id: 'thresholds', value: shortTime.build() },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      ])
      .overrideByName('出错', [
        { id: 'thresholds', value: steps('text', [1, 'orange'], [10, 'red']).build() },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      ]),
  )
  .withPanel(
    heat(
      { id: 9, title: '场景 × 小时', at: [0, 13, 6, 8], description: '每小时下单数' },
      `SELECT $__timeGroupAlias(time, '1h'), scene_name AS metric, sum(orders) AS value
      FROM wall.orders WHERE $__timeFilter(time) AND ${ofMerchant} GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
  )
  .withPanel(
    bars(
      { id: 10, title: '错误码前十', at: [6, 13, 5, 8], description: '所选时间内的异常请求，全部商户' },
      `SELECT error_code, sum(errors) AS "次数" FROM wall.errors
      WHERE $__timeFilter(time) GROUP BY error_code ORDER BY 2 DESC, 1 LIMIT 10`,
    ).noValue('无'),
  )
  .withPanel(
    rows(
      { id: 11, title: '渠道对账', at: [11, 13, 6, 8], description: '每个账户最近一次对账' },
      `SELECT status_name AS "状态", substr(date, 6) AS "账单日", account_code AS "账户"
      FROM (SELECT *, row_number() OVER (PARTITION BY account_code ORDER BY time DESC) AS place
        FROM wall.runs WHERE ${since('week_ago')} AND ${ofMerchant}) AS latest
      WHERE place = 1
      ORDER BY CASE status WHEN 'failed' THEN 1 WHEN 'deferred' THEN 2 WHEN 'done' THEN 4 ELSE 3 END, account_code`,
    ).overrideByName('状态', colored(['完成', 'green'], ['失败', 'red'], ['账单未出', 'orange'])),
  )
  .withPanel(
    rows(
      { id: 14, title: '实时订单', at: [17, 13, 7, 8], description: '最近的订单，只显示订单号末六位' },
      `SELECT time AS "时间", status_name AS "状态", channel_name AS "渠道", amount_yuan AS "金额",
        order_tail AS "订单号"
      FROM wall.feed WHERE ${ofMerchant} ORDER BY time DESC LIMIT 12`,
    )
      .overrideByName('时间', [{ id: 'unit', value: 'time:HH:mm:ss' }])
      .overrideByName('金额', [{ id: 'unit', value: money }])
      .overrideByName(
        '状态',
        colored(['已支付', 'green'], ['支付失败', 'red'], ['结果未知', 'orange'], ['待支付', 'blue']),
      ),
  )
  .withPanel(
    bars(
      {
        id: 12,
        title: '数据新鲜度',
        at: [0, 21, 9, 5],
        description: '每种数据最近一条距今多久：订单、接口调用、异步通知、HIS 记账、对账',
      },
      'SELECT source, age_seconds AS "距今" FROM wall.freshness ORDER BY place',
    )
      .unit('s')
      .decimals(0)
      .thresholds(steps('green', [600, 'orange'], [3600, 'red'])),
  )
  .withPanel(
    rows(
      { id: 15, title: '告警', at: [9, 21, 15, 5], description: '一周内未确认、未恢复的警告，新的在前' },
      `SELECT time AS "时间", level_name AS "级别", title AS "内容", title_en AS "Content" FROM wall.messages
      WHERE ${since('week_ago')} AND level <> 'info' AND is_open ORDER BY time DESC LIMIT 10`,
    )
      .noValue('没有未处理的警告')
      .overrideByName('时间', [{ id: 'unit', value: 'time:MM-DD HH:mm' }])
      .overrideByName('级别', colored(['警告', 'orange'], ['严重', 'red']))
      .overrideByName('Content', onlyInEnglish),
  );
