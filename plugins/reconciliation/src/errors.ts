import { defineErrors, type ErrorDefinition } from '@hospital-pay/errors';

/** Everything this room may answer, in both languages. */
export const reconciliationErrors = {
  REQUEST_INVALID: { status: 400, zh: '请求参数不合法', en: 'The request is not valid' },
  DATE_IN_FUTURE: { status: 400, zh: '不能对未来日期对账', en: 'A day to come cannot be reconciled' },
  ACCOUNT_UNKNOWN: { status: 404, zh: '渠道账户不存在', en: 'No such channel account' },
  MERCHANT_FORBIDDEN: { status: 403, zh: '无权查看该商户', en: 'This merchant is not yours to see' },
  RUN_NOT_FOUND: { status: 404, zh: '对账任务不存在', en: 'No such run' },
  RUN_NOT_CANCELLABLE: {
    status: 409,
    zh: '对账任务已结束或正在写入结果, 不能取消',
    en: 'The run has ended or is writing its results; it cannot be cancelled',
  },
  BILL_HASH: {
    status: 422,
    zh: '账单文件与渠道给出的校验值不符',
    en: "The file is not the one of the channel's hash",
  },
  BILL_TRUNCATED: { status: 422, zh: '账单文件不完整', en: 'The bill file is cut off' },
  BILL_ENCODING: { status: 422, zh: '账单文件编码不对', en: 'The bill file is in another encoding' },
  BILL_COLUMNS: {
    status: 422,
    zh: '账单缺少必需的列, 可能不是该渠道的交易账单',
    en: 'Columns are missing: perhaps no trade bill of this channel',
  },
  BILL_LINE: { status: 422, zh: '账单有无法识别的行', en: 'A line of the bill cannot be read' },
  BILL_TOTALS: {
    status: 422,
    zh: '账单明细与其合计不符',
    en: 'The lines do not add up to the totals of the bill',
  },
  BILL_DAY: { status: 422, zh: '账单不是这一天的', en: 'The bill is of another day' },
  BILL_MERCHANT: {
    status: 422,
    zh: '账单含有其他商户的交易',
    en: 'The bill holds lines of another merchant',
  },
  BILL_DUPLICATE: { status: 422, zh: '账单中有重复的行', en: 'A line stands in the bill twice' },
  BILL_UNAVAILABLE: { status: 422, zh: '账单不可用', en: 'The bill cannot be used' },
  BILL_TOO_LARGE: { status: 413, zh: '文件过大', en: 'The file is too large' },
  BILL_NOT_FOUND: { status: 404, zh: '没有该账单版本', en: 'No such version of a bill' },
  BILL_UPLOAD_NOT_OFFERED: {
    status: 422,
    zh: '该渠道不支持上传账单',
    en: 'Bills of this channel cannot be uploaded',
  },
  BILL_FLOW_NOT_OFFERED: { status: 422, zh: '该渠道没有资金账单', en: 'This channel has no fund-flow bill' },
  CASE_NOT_FOUND: { status: 404, zh: '差错不存在', en: 'No such case' },
  CASE_CLOSED: { status: 409, zh: '差错已处理, 请刷新', en: 'The case has been handled already' },
  RULE_INVALID: {
    status: 400,
    zh: '对账规则的值超出范围或格式不对, 请检查所列字段',
    en: 'A value of the rule is out of range or unreadable. Check the fields named',
  },
  RULE_BIZ_TYPE: {
    status: 400,
    zh: '限定业务类型的规则只能设置单边账宽限, 请清空所列字段',
    en: 'A rule for one business type can only set the grace period. Empty the fields named',
  },
  RULE_OVERLAPS: {
    status: 409,
    zh: '同一范围在同一时期已有启用的规则, 请调整范围或日期',
    en: 'Another enabled rule of the same scope holds on some of these days. Change scope or dates',
  },
  PERIOD_CLOSED: {
    status: 409,
    zh: '该期间已结账, 请先重开结账',
    en: 'This period is closed. Reopen it first',
  },
  PERIOD_NOT_OVER: { status: 409, zh: '期间尚未结束, 不能结账', en: 'The period is not over yet' },
  PERIOD_INVALID: { status: 400, zh: '结账期间格式不对', en: 'This is no day, month or year' },
  CLOSING_INCOMPLETE: {
    status: 409,
    zh: '结账检查未通过, 请处理所列事项或填写强制结账原因',
    en: 'The checklist is not clean. Settle what it lists, or give a reason to close all the same',
  },
  CLOSING_NOT_FOUND: { status: 404, zh: '结账记录不存在', en: 'No such closing' },
  CLOSING_MOVED: { status: 409, zh: '结账状态已变化, 请刷新', en: 'The closing has moved on. Reload it' },
  CLOSING_SAME_PERSON: {
    status: 403,
    zh: '重开须由另一人复核',
    en: 'Another person has to confirm the reopening',
  },
  CLOSING_ENCLOSED: {
    status: 409,
    zh: '所属月份或年度已结账, 请先重开',
    en: 'The month or year around it is closed. Reopen that first',
  },
  CLOSING_ADJUSTED: {
    status: 409,
    zh: '该日的后补调整已记入之后的结账, 请先重开所列日期',
    en: 'A later closing carries adjustments of this day. Reopen that day first',
  },
  RANGE_TOO_LONG: { status: 400, zh: '日期范围不能超过 366 天', en: 'A range spans at most 366 days' },
  EXPORT_NOT_FOUND: { status: 404, zh: '导出记录不存在', en: 'No such export' },
  EXPORT_FORBIDDEN: { status: 403, zh: '无权导出或下载该内容', en: 'You may not export or download this' },
  EXPORT_TOO_MANY: { status: 429, zh: '进行中的导出过多, 请等待完成', en: 'Too many exports are under way' },
  EXPORT_NOT_READY: { status: 409, zh: '导出尚未完成', en: 'The export is not finished' },
  EXPORT_ENDED: { status: 409, zh: '导出已结束, 不能取消', en: 'The export has ended already' },
  EXPORT_EXPIRED: {
    status: 410,
    zh: '导出文件已过期, 请重新导出',
    en: 'The file has expired; export it again',
  },
  EXPORT_INTERRUPTED: { status: 500, zh: '导出多次中断, 请重试', en: 'The export was cut off several times' },
  EXPORT_DISK: { status: 500, zh: '导出文件无法写入磁盘', en: 'The file could not be written to disk' },
  EXPORT_FAILED: { status: 500, zh: '导出失败', en: 'The export failed' },
} as const satisfies Record<string, ErrorDefinition>;

export const fail = defineErrors<keyof typeof reconciliationErrors>(reconciliationErrors);
