import { bars, board, lines, rows } from './panels';

/** 接口与异常: every call, those that went wrong, and what waits because of it. */
export const interfaces = board('hospital-pay-interfaces', '接口与异常', '接口日志、异常请求、消息与待办')
  .time({ from: 'now-24h', to: 'now' })
  .withPanel(
    lines(
      { id: 1, title: '接口调用', at: [0, 0, 12, 8], description: '按方向' },
      `SELECT $__timeGroupAlias(time, '$__interval'), direction AS metric, count(*) AS value
      FROM wall.calls WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('1m'),
  )
  .withPanel(
    lines(
      { id: 2, title: '异常请求', at: [12, 0, 12, 8], description: '按交易动作' },
      `SELECT $__timeGroupAlias(time, '$__interval'), coalesce(action, '其他') AS metric, count(*) AS value
      FROM wall.errors WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('1m'),
  )
  .withPanel(
    rows(
      { id: 3, title: '方法', at: [0, 8, 12, 9] },
      `SELECT method AS "方法名称", direction AS "方向", count(*) AS "次数", count(error_code) AS "出错",
        percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS "P50",
        percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS "P95", max(duration_ms) AS "最慢"
      FROM wall.calls WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 50`,
    ).overrideByRegexp('/P50|P95|最慢/', [
      { id: 'unit', value: 'ms' },
      { id: 'decimals', value: 0 },
    ]),
  )
  .withPanel(
    rows(
      { id: 4, title: '错误码', at: [12, 8, 12, 9], description: '首次与最近出现' },
      `SELECT error_code AS "错误码", max(error_message) AS "错误信息", count(*) AS "次数",
        min(time) AS "首次", max(time) AS "最近", max(advice) AS "处理建议"
      FROM wall.errors WHERE $__timeFilter(time) GROUP BY error_code ORDER BY 3 DESC LIMIT 50`,
    ),
  )
  .withPanel(
    bars(
      { id: 5, title: '待办', at: [0, 17, 8, 8], description: '等待发送与已放弃的任务' },
      `SELECT topic || ' · ' || status AS name, waiting AS "条数" FROM wall.backlog ORDER BY 2 DESC`,
    ).noValue('无'),
  )
  .withPanel(
    rows(
      { id: 6, title: '消息', at: [8, 17, 16, 8], description: '最近五十条' },
      `SELECT time AS "时间", level AS "级别", kind AS "类型", title AS "标题", is_read AS "已读"
      FROM wall.messages WHERE $__timeFilter(time) ORDER BY time DESC LIMIT 50`,
    ),
  );
