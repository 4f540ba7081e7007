import { board, channels, lines, money, ofChannel, rows } from './panels';

const called = `$__timeFilter(time) AND ${ofChannel} AND direction = 'out'`;

/** 渠道健康: what each channel answers, how fast, and what it refuses. */
export const channelHealth = board('hospital-pay-channels', '渠道健康', '各渠道的成功率、耗时、错误与回调')
  .time({ from: 'now-6h', to: 'now' })
  .withVariable(channels())
  .withPanel(
    rows(
      { id: 1, title: '渠道一览', at: [0, 0, 24, 7], description: '所选时间内下单的结果' },
      `SELECT channel AS "渠道", count(*) AS "订单", count(*) FILTER (WHERE outcome = 'paid') AS "已支付",
        count(*) FILTER (WHERE outcome = 'failed') AS "失败", count(*) FILTER (WHERE outcome = 'unknown') AS "结果未知",
        count(*) FILTER (WHERE outcome = 'closed') AS "关闭",
        count(*) FILTER (WHERE outcome = 'paid')::numeric
          / nullif(count(*) FILTER (WHERE outcome IN ('paid', 'failed', 'unknown')), 0) AS "成功率",
        sum(paid_yuan) AS "实收"
      FROM wall.orders WHERE $__timeFilter(time) AND ${ofChannel} GROUP BY channel ORDER BY 2 DESC`,
    )
      .overrideByName('成功率', [
        { id: 'unit', value: 'percentunit' },
        { id: 'decimals', value: 2 },
      ])
      .overrideByName('实收', [{ id: 'unit', value: money }]),
  )
  .withPanel(
    lines(
      { id: 2, title: '成功率', at: [0, 7, 12, 8], description: '已支付 ÷ (已支付 + 失败 + 结果未知)' },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel AS metric,
        count(*) FILTER (WHERE outcome = 'paid')::numeric / count(*) AS value
      FROM wall.orders
      WHERE $__timeFilter(time) AND outcome IN ('paid', 'failed', 'unknown') AND ${ofChannel}
      GROUP BY 1, 2 ORDER BY 1, 2`,
    )
      .unit('percentunit')
      .min(0)
      .max(1)
      .interval('5m'),
  )
  .withPanel(
    lines(
      { id: 3, title: '调用耗时 P95', at: [12, 7, 12, 8] },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel AS metric,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS value
      FROM wall.calls WHERE ${called} GROUP BY 1, 2 ORDER BY 1, 2`,
    )
      .unit('ms')
      .interval('5m'),
  )
  .withPanel(
    lines(
      { id: 4, title: '调用次数', at: [0, 15, 8, 8] },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel AS metric, count(*) AS value
      FROM wall.calls WHERE ${called} GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('5m'),
  )
  .withPanel(
    lines(
      { id: 5, title: '调用出错', at: [8, 15, 8, 8] },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel AS metric, count(error_code) AS value
      FROM wall.calls WHERE ${called} GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('5m'),
  )
  .withPanel(
    lines(
      { id: 6, title: '收到通知', at: [16, 15, 8, 8], description: '渠道发来的异步通知' },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel AS metric, count(*) AS value
      FROM wall.calls WHERE $__timeFilter(time) AND ${ofChannel} AND direction = 'in' GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('5m'),
  )
  .withPanel(
    rows(
      { id: 7, title: '退款', at: [0, 23, 24, 7], description: '所选时间内申请的退款，按渠道与状态' },
      `SELECT channel AS "渠道", status AS "状态", count(*) AS "笔数", sum(amount_yuan) AS "金额"
      FROM wall.refunds WHERE $__timeFilter(time) AND ${ofChannel} GROUP BY 1, 2 ORDER BY 1, 2`,
    ).overrideByName('金额', [{ id: 'unit', value: money }]),
  );
