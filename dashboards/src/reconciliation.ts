import { bars, board, figures, lines, merchants, money, ofMerchant, rows, steps } from './panels';

/** A day's moment is its beginning in the hospital's zone. */
const chosenDays = `$__timeFilter(time) AND ${ofMerchant}`;
const day = { id: 'unit', value: money };

/** 对账总览: what the books say, what does not agree, and how far the runs are. */
export const reconciliation = board('hospital-pay-reconciliation', '对账总览', '每日账目、差错与对账任务')
  .time({ from: 'now-30d/d', to: 'now' })
  .refresh('5m')
  .withVariable(merchants())
  .withPanel(
    figures(
      { id: 1, title: '合计', at: [0, 0, 14, 5], description: '对账汇总：差额 = 平台 − 医院' },
      `SELECT coalesce(sum(his_yuan), 0) AS "医院总收入", coalesce(sum(platform_yuan), 0) AS "平台总收入",
        coalesce(sum(platform_yuan - his_yuan), 0) AS "总差额"
      FROM wall.daily_totals WHERE ${chosenDays}`,
    ).unit(money),
  )
  .withPanel(
    figures(
      { id: 2, title: '未处理差错', at: [14, 0, 10, 5] },
      `SELECT count(*) AS "笔数", coalesce(sum(abs(difference_yuan)), 0) AS "金额",
        count(*) FILTER (WHERE due_on < (SELECT date FROM wall.clock)) AS "逾期"
      FROM wall.discrepancies WHERE is_open AND ${ofMerchant}`,
    )
      .thresholds(steps('green', [1, 'orange']))
      .overrideByName('金额', [day]),
  )
  .withPanel(
    lines(
      { id: 3, title: '每日差额', at: [0, 5, 14, 8], description: '平台 − 医院，按支付方式' },
      `SELECT $__timeGroupAlias(time, '1h'), pay_type_name AS metric, sum(platform_yuan - his_yuan) AS value
      FROM wall.daily_totals WHERE ${chosenDays} GROUP BY 1, 2 ORDER BY 1, 2`,
    ).unit(money),
  )
  .withPanel(
    bars(
      { id: 4, title: '未处理差错：按类型', at: [14, 5, 10, 8] },
      `SELECT kind_name, count(*) AS "笔数" FROM wall.discrepancies WHERE is_open AND ${ofMerchant}
      GROUP BY kind_name ORDER BY 2 DESC, 1`,
    ),
  )
  .withPanel(
    rows(
      { id: 5, title: '对账汇总', at: [0, 13, 14, 9], description: '差额 = 平台 − 医院' },
      `SELECT date AS "日期", pay_type_name AS "支付类型", sum(his_yuan) AS "医院收入", sum(platform_yuan) AS "平台收入",
        sum(channel_yuan) AS "渠道账单", sum(platform_yuan - his_yuan) AS "当日差帐", sum(fee_yuan) AS "手续费"
      FROM wall.daily_totals WHERE ${chosenDays} GROUP BY 1, 2 ORDER BY 1 DESC, 2`,
    ).overrideByRegexp('/收入|账单|差帐|手续费/', [day]),
  )
  .withPanel(
    lines(
      { id: 6, title: '差错：产生与处理', at: [14, 13, 10, 9] },
      `SELECT $__timeGroupAlias(time, '1d'), '产生' AS metric, count(*) AS value
      FROM wall.discrepancies WHERE $__timeFilter(time) AND ${ofMerchant} GROUP BY 1 ORDER BY 1`,
      `SELECT $__timeGroupAlias(resolved_at, '1d'), '处理' AS metric, count(*) AS value
      FROM wall.discrepancies WHERE $__timeFilter(resolved_at) AND ${ofMerchant} GROUP BY 1 ORDER BY 1`,
    ),
  )
  .withPanel(
    rows(
      { id: 7, title: '对账任务', at: [0, 22, 24, 9], description: '最近一百次' },
      `SELECT time AS "创建时间", date AS "账单日", channel_name AS "渠道", account_code AS "账户", status_name AS "状态",
        error_code AS "错误码", error_message AS "错误信息", seconds AS "用时"
      FROM wall.runs WHERE $__timeFilter(time) AND ${ofMerchant} ORDER BY time DESC LIMIT 100`,
    ).overrideByName('用时', [{ id: 'unit', value: 's' }]),
  );
