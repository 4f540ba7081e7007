import { defineErrors, type ErrorDefinition } from '@hospital-pay/errors';

/** Everything this room may answer, in both languages. */
export const reconciliationErrors = {
  REQUEST_INVALID: { status: 400, zh: '请求参数不合法', en: 'The request is not valid' },
  DATE_IN_FUTURE: { status: 400, zh: '不能对未来日期对账', en: 'A day to come cannot be reconciled' },
  ACCOUNT_UNKNOWN: { status: 404, zh: '渠道账户不存在', en: 'No such channel account' },
  MERCHANT_FORBIDDEN: { status: 403, zh: '无权查看该商户', en: 'This merchant is not yours to see' },
  CASE_NOT_FOUND: { status: 404, zh: '差错不存在', en: 'No such case' },
  CASE_CLOSED: { status: 409, zh: '差错已处理, 请刷新', en: 'The case has been handled already' },
  RANGE_TOO_LONG: { status: 400, zh: '日期范围不能超过 366 天', en: 'A range spans at most 366 days' },
} as const satisfies Record<string, ErrorDefinition>;

export const fail = defineErrors<keyof typeof reconciliationErrors>(reconciliationErrors);
