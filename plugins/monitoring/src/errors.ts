import { defineErrors } from '@hospital-pay/errors';

export const fail = defineErrors({
  MESSAGE_NOT_FOUND: { status: 404, zh: '消息不存在', en: 'No such message' },
  MESSAGE_RESOLVED: { status: 409, zh: '消息已恢复，无需确认', en: 'The message is resolved already' },
  REQUEST_INVALID: { status: 400, zh: '请求内容不符合要求', en: 'The request is not what is expected' },
  SETTING_INVALID: { status: 400, zh: '填写有误，请检查标出的项', en: 'Some fields are not valid' },
  RULE_UNKNOWN: { status: 404, zh: '告警规则不存在', en: 'No such alert rule' },
  GRAFANA_OFF: {
    status: 503,
    zh: '未设置 GRAFANA_WEBHOOK_SECRET，不接收 Grafana 告警',
    en: 'GRAFANA_WEBHOOK_SECRET is not set: no alerts of Grafana are taken',
  },
  GRAFANA_SIGNATURE: {
    status: 401,
    zh: 'Grafana 告警的签名不符，请核对联络点的 HMAC 密钥与时间戳头',
    en: 'The signature of the alert does not fit: compare the contact point’s HMAC secret and timestamp header',
  },
  GRAFANA_STALE: {
    status: 401,
    zh: 'Grafana 告警的时间戳相差超过 5 分钟，请核对两边时钟',
    en: 'The alert’s timestamp is more than 5 minutes off: compare both clocks',
  },
  GRAFANA_MALFORMED: {
    status: 400,
    zh: 'Grafana 告警中有无法识别的内容；能识别的已收下，其余记为一条消息',
    en: 'Some of it is no alert that can be read; the rest was taken, and what was not is a message',
  },
  TARGET_UNKNOWN: { status: 404, zh: '通知渠道不存在或已停用', en: 'No such target, or it is switched off' },
  TARGET_INVALID: { status: 400, zh: '通知渠道参数有误', en: 'The parameters of the target are not valid' },
  TARGET_WITHOUT_ADDRESS: {
    status: 400,
    zh: '通知渠道没有接收地址',
    en: 'The target has no address to send to',
  },
  BOARD_NOT_FOUND: { status: 404, zh: '没有这个大屏', en: 'No such dashboard' },
  CHOICE_UNKNOWN: { status: 400, zh: '所选的值不在列表中', en: 'That value is not in the list' },
  PANEL_FAILED: { status: 500, zh: '查询出错', en: 'The query failed' },
  PANEL_OF_ALL_MERCHANTS: {
    status: 403,
    zh: '这里统计的是全部商户，您只能看部分商户',
    en: 'This counts every merchant, and you may see some of them only',
  },
  LOG_SPAN_TOO_LONG: {
    status: 400,
    zh: '所选日期内归档的日志太多，一次查不完，请缩小日期范围',
    en: 'More is archived of those days than one look reads: choose fewer days',
  },
  LOG_QUESTION_INVALID: { status: 400, zh: '日志查询条件无效', en: 'The log cannot be asked this' },
});
