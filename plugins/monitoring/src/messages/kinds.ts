import type { Bilingual } from '@hospital-pay/errors';

/** What alarms are about, as a person says it. An alarm of a kind that is not listed is told all the same. */
export const alarmKinds: Record<string, Bilingual> = {
  account_locked: { zh: '账号锁定', en: 'Account locked' },
  account_silent: { zh: '渠道账户无应答', en: 'Channel account silent' },
  alert: { zh: '监控告警', en: 'Monitoring alert' },
  delivery_failed: { zh: '消息发送失败', en: 'Message not delivered' },
  duplicate_payment: { zh: '重复支付', en: 'Paid twice' },
  foreign_notification: { zh: '未知单号的通知', en: 'Notification about an unknown order' },
  forged_notification: { zh: '通知验签失败', en: 'Notification that does not verify' },
  grafana: { zh: 'Grafana 告警', en: 'Grafana alert' },
  his_refused: { zh: 'HIS 拒绝入账', en: 'Refused by HIS' },
  his_silent: { zh: 'HIS 无应答', en: 'HIS silent' },
  integrity: { zh: '渠道应答不符', en: 'Answer that does not fit' },
  late_payment: { zh: '迟到付款', en: 'Late payment' },
  one_sided: { zh: '单边账', en: 'One-sided entry' },
  reconciliation_failed: { zh: '对账失败', en: 'Reconciliation failed' },
  refund_failed: { zh: '自动退款失败', en: 'Automatic refund failed' },
  refund_over_paid: { zh: '退款超过实付', en: 'Refunded more than paid' },
};

export const levels = ['info', 'warning', 'critical'] as const;
export type Level = (typeof levels)[number];

export const levelTitles: Record<Level, Bilingual> = {
  info: { zh: '提示', en: 'Info' },
  warning: { zh: '警告', en: 'Warning' },
  critical: { zh: '严重', en: 'Critical' },
};

export const isAtLeast = (level: Level, least: Level): boolean =>
  levels.indexOf(level) >= levels.indexOf(least);

export const purposes = ['alert', 'escalation', 'recovery', 'test'] as const;
export type Purpose = (typeof purposes)[number];

export const purposeTitles: Record<Purpose, Bilingual> = {
  alert: { zh: '告警', en: 'Alert' },
  escalation: { zh: '升级', en: 'Escalation' },
  recovery: { zh: '恢复', en: 'Recovered' },
  test: { zh: '测试', en: 'Test' },
};
