import { bars, board, lines, onlyInEnglish, quantile, rows, spread } from './panels';

/** 接口与异常: every call, those that went wrong, and what waits because of it. */
export const interfaces = board('hospital-pay-interfaces', '接口与异常', '接口日志、异常请求、消息与待办')
  .time({ from: 'now-24h', to: 'now' })
  .withPanel(
    lines(
      { id: 1, title: '接口调用', at: [0, 0, 12, 8], description: '按方向' },
      `SELECT $__timeGroupAlias(time, '$__interval'), direction_name AS metric, sum(calls) AS value
      FROM wall.calls WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('1m'),
  )
  .withPanel(
    lines(
      { id: 2, title: '异常请求', at: [12, 0, 12, 8], description: '按交易动作' },
      `SELECT $__timeGroupAlias(time, '$__interval'), coalesce(action, '其他') AS metric, sum(errors) AS value
      FROM wall.errors WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1, 2`,
    ).interval('1m'),
  )
  .withPanel(
    rows(
      { id: 3, title: '方法', at: [0, 8, 12, 9], description: '耗时向上取至分档' },
      `SELECT method AS "方法名称", direction AS "方向", sum(calls) AS "次数", sum(errors) AS "出错",
        ${quantile(0.5)} AS "P50", ${quantile(0.95)} AS "P95", max(bound_ms) AS "最慢"
      FROM ${spread({ method: 'method', direction: 'direction_name' }, '$__timeFilter(time)', ['errors'])}
      GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 50`,
    ).overrideByRegexp('/P50|P95|最慢/', [
      { id: 'unit', value: 'ms' },
      { id: 'decimals', value: 0 },
    ]),
  )
  .withPanel(
    rows(
      { id: 4, title: '错误码', at: [12, 8, 12, 9], description: '首次与最近出现' },
      `SELECT error_code AS "错误码", max(error_message) AS "错误信息", sum(errors) AS "次数",
        min(time) AS "首次", max(time) AS "最近", max(advice) AS "处理建议",
        max(meaning_en) AS "Error", max(advice_en) AS "Advice"
      FROM wall.errors WHERE $__timeFilter(time) GROUP BY error_code ORDER BY 3 DESC LIMIT 50`,
    ).overrideByRegexp('/^(Error|Advice)$/', onlyInEnglish),
  )
  .withPanel(
    bars(
      { id: 5, title: '待办', at: [0, 17, 8, 8], description: '等待发送与已放弃的任务' },
      `SELECT topic_name || ' · ' || status_name AS name, waiting AS "条数" FROM wall.backlog ORDER BY 2 DESC`,
    ).noValue('无'),
  )
  .withPanel(
    rows(
      { id: 6, title: '消息', at: [8, 17, 16, 8], description: '最近五十条' },
      `SELECT time AS "时间", level_name AS "级别", title AS "标题", title_en AS "Title", CASE WHEN is_read THEN '是' ELSE '否' END AS "已读"
      FROM wall.messages WHERE $__timeFilter(time) ORDER BY time DESC LIMIT 50`,
    ).overrideByName('Title', onlyInEnglish),
  );
