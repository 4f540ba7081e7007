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
  rows,
  shares,
  steps,
} from './panels';

const today = `time >= (SELECT today FROM wall.clock) AND ${ofMerchant}`;
const untilNowYesterday = `time >= (SELECT yesterday FROM wall.clock)
  AND time <= (SELECT yesterday_now FROM wall.clock) AND ${ofMerchant}`;
const open = `is_open AND ${ofMerchant}`;

/** 支付监控大屏: the figures of a day at a glance, for a screen that nobody touches. */
export const wall = board('hospital-pay-wall', '支付监控大屏', '今日支付、退款、差错与渠道状态，每 30 秒刷新')
  .time({ from: 'now/d', to: 'now' })
  .tooltip(DashboardCursorSync.Crosshair)
  .withVariable(merchants())
  .withPanel(
    figures(
      { id: 1, title: '今日收款', at: [0, 0, 6, 5], description: '已支付订单实收；旁为昨日同一时刻' },
      `SELECT
        (SELECT coalesce(sum(paid_yuan), 0) FROM wall.orders WHERE outcome = 'paid' AND ${today}) AS "今日",
        (SELECT coalesce(sum(paid_yuan), 0) FROM wall.orders WHERE outcome = 'paid' AND ${untilNowYesterday}) AS "昨日此时"`,
    ).unit(money),
  )
  .withPanel(
    figures(
      { id: 2, title: '今日笔数', at: [6, 0, 4, 5], description: '已支付订单数；旁为昨日同一时刻' },
      `SELECT
        (SELECT count(*) FROM wall.orders WHERE outcome = 'paid' AND ${today}) AS "今日",
        (SELECT count(*) FROM wall.orders WHERE outcome = 'paid' AND ${untilNowYesterday}) AS "昨日此时"`,
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
      `SELECT count(*) FILTER (WHERE outcome = 'paid')::numeric
        / nullif(count(*) FILTER (WHERE outcome IN ('paid', 'failed', 'unknown')), 0) AS "今日"
      FROM wall.orders WHERE ${today}`,
    )
      .unit('percentunit')
      .decimals(2)
      .thresholds(steps('red', [0.95, 'orange'], [0.99, 'green'])),
  )
  .withPanel(
    figures(
      { id: 4, title: '渠道调用 P95', at: [13, 0, 3, 5], description: '近 15 分钟发往渠道与 HIS 的调用耗时' },
      `SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS "近15分钟"
      FROM wall.calls
      WHERE direction = 'out' AND time >= (SELECT now - interval '15 minutes' FROM wall.clock)`,
    )
      .unit('ms')
      .decimals(0)
      .noValue('无调用')
      .thresholds(steps('green', [2000, 'orange'], [5000, 'red'])),
  )
  .withPanel(
    figures(
      { id: 5, title: '今日退款', at: [16, 0, 4, 5], description: '退款成功的金额与笔数，按申请时间' },
      `SELECT coalesce(sum(amount_yuan), 0) AS "金额", count(*) AS "笔数"
      FROM wall.refunds WHERE status = 'succeeded' AND ${today}`,
    ).overrideByName('金额', [{ id: 'unit', value: money }]),
  )
  .withPanel(
    figures(
      { id: 6, title: '未处理差错', at: [20, 0, 4, 5], description: '单边账与差错：差额按绝对值合计' },
      `SELECT coalesce(sum(abs(difference_yuan)), 0) AS "金额", count(*) AS "笔数"
      FROM wall.discrepancies WHERE ${open}`,
    )
      .thresholds(steps('green', [1, 'orange']))
      .overrideByName('金额', [{ id: 'unit', value: money }]),
  )
  .withPanel(
    lines(
      { id: 7, title: '每分钟收款', at: [0, 5, 16, 9], description: '虚影为昨日同一时刻' },
      `SELECT $__timeGroupAlias(time, '$__interval'), '今日' AS metric, sum(paid_yuan) AS value
      FROM wall.orders
      WHERE $__timeFilter(time) AND outcome = 'paid' AND ${ofMerchant} GROUP BY 1 ORDER BY 1`,
      `SELECT $__timeGroupAlias(shifted, '$__interval'), '昨日' AS metric, sum(paid_yuan) AS value
      FROM (
        SELECT time + interval '1 day' AS shifted, paid_yuan FROM wall.orders
        WHERE time >= $__timeFrom()::timestamp - interval '1 day'
          AND time <= $__timeTo()::timestamp - interval '1 day' AND outcome = 'paid' AND ${ofMerchant}
      ) AS day_before GROUP BY 1 ORDER BY 1`,
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
      { id: 8, title: '渠道占比', at: [16, 5, 8, 9], description: '今日实收金额' },
      `SELECT channel, sum(paid_yuan) AS "金额" FROM wall.orders
      WHERE outcome = 'paid' AND ${today} GROUP BY channel ORDER BY 2 DESC NULLS LAST`,
    ).unit(money),
  )
  .withPanel(
    heat(
      { id: 9, title: '场景 × 小时', at: [0, 14, 10, 8], description: '每小时下单数' },
      `SELECT $__timeGroupAlias(time, '1h'), scene AS metric, count(*) AS value
      FROM wall.orders WHERE $__timeFilter(time) AND ${ofMerchant} GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
  )
  .withPanel(
    bars(
      { id: 10, title: '错误码前十', at: [10, 14, 6, 8], description: '所选时间内的异常请求，全部商户' },
      `SELECT error_code, count(*) AS "次数" FROM wall.errors
      WHERE $__timeFilter(time) GROUP BY error_code ORDER BY 2 DESC LIMIT 10`,
    ),
  )
  .withPanel(
    rows(
      { id: 11, title: '渠道对账', at: [16, 14, 8, 8], description: '每个账户最近一次对账' },
      `SELECT DISTINCT ON (account_code) account_code AS "账户", date AS "账单日", status AS "状态",
        error_code AS "错误码", finished_at AS "完成时间"
      FROM wall.runs
      WHERE time >= (SELECT today - interval '7 days' FROM wall.clock) AND ${ofMerchant}
      ORDER BY account_code, time DESC`,
    ),
  )
  .withPanel(
    bars(
      {
        id: 12,
        title: '数据新鲜度',
        at: [0, 22, 24, 4],
        description: '每种数据最近一条距今多久：订单、渠道调用、异步通知、HIS 记账、对账',
      },
      'SELECT source, age_seconds AS "距今" FROM wall.freshness ORDER BY source',
    )
      .unit('s')
      .decimals(0)
      .thresholds(steps('green', [600, 'orange'], [3600, 'red'])),
  );
