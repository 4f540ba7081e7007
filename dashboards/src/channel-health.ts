import { board, channels, lines, money, ofChannel, quantile, rows, spread, successRate } from './panels';

const called = `$__timeFilter(time) AND ${ofChannel} AND direction = 'out'`;

/** 渠道健康: what each channel answers, how fast, and what it refuses. */
export const channelHealth = board('hospital-pay-channels', '渠道健康', '各渠道的成功率、耗时、错误与回调')
  .time({ from: 'now-6h', to: 'now' })
  .withVariable(channels())
  .withPanel(
    rows(
      { id: 1, title: '渠道一览', at: [0, 0, 24, 7], description: '所选时间内下单的结果' },
      `SELECT channel_name AS "渠道", sum(orders) AS "订单", sum(paid) AS "已支付", sum(failed) AS "失败",
        sum(unknown) AS "结果未知", sum(closed) AS "关闭", ${successRate} AS "成功率", sum(paid_yuan) AS "实收"
      FROM wall.orders WHERE $__timeFilter(time) AND ${ofChannel} GROUP BY channel_name ORDER BY 2 DESC`,
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
      `SELECT $__timeGroupAlias(time, '$__interval'), channel_name AS metric, ${successRate} AS value
      FROM wall.orders WHERE $__timeFilter(time) AND ${ofChannel} GROUP BY 1, 2 ORDER BY 1, 2`,
    )
      .unit('percentunit')
      .min(0)
      .max(1)
      .interval('5m'),
  )
  .withPanel(
    lines(
      { id: 3, title: '调用耗时 P95', at: [12, 7, 12, 8], description: '向上取至分档' },
      `SELECT slot AS time, metric, ${quantile(0.95)} AS value
      FROM ${spread({ slot: "$__timeGroup(time, '$__interval')", metric: 'channel_name' }, called)}
      GROUP BY 1, 2 ORDER BY 1, 2`,
    )
      .unit('ms')
      .interval('5m'),
  )
  .withPanel(
    lines(
      { id: 4, title: '调用次数', at: [0, 15, 8, 8] },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel_name AS metric, sum(calls) AS value
      FROM wall.calls WHERE ${called} GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('5m'),
  )
  .withPanel(
    lines(
      { id: 5, title: '调用出错', at: [8, 15, 8, 8] },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel_name AS metric, sum(errors) AS value
      FROM wall.calls WHERE ${called} GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('5m'),
  )
  .withPanel(
    lines(
      { id: 6, title: '收到通知', at: [16, 15, 8, 8], description: '渠道发来的异步通知' },
      `SELECT $__timeGroupAlias(time, '$__interval'), channel_name AS metric, sum(calls) AS value
      FROM wall.calls WHERE $__timeFilter(time) AND ${ofChannel} AND direction = 'in' GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('5m'),
  )
  .withPanel(
    rows(
      { id: 7, title: '退款', at: [0, 23, 24, 7], description: '所选时间内申请的退款；金额为退款成功的' },
      `SELECT channel_name AS "渠道", sum(refunds) AS "退款", sum(succeeded) AS "成功", sum(failed) AS "失败",
        sum(unknown) AS "结果未知", sum(open) AS "处理中", sum(succeeded_yuan) AS "金额"
      FROM wall.refunds WHERE $__timeFilter(time) AND ${ofChannel} GROUP BY 1 ORDER BY 2 DESC`,
    ).overrideByName('金额', [{ id: 'unit', value: money }]),
  );
