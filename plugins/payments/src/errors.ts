import { defineErrors, type ErrorDefinition } from '@hospital-pay/errors';

/** Every code this room answers, once. docs/errors.md and the OpenAPI document are made from them. */
export const paymentErrors = {
  INPUT_INVALID: { status: 400, zh: '请求内容不合规范', en: 'The request is not well formed' },
  AMOUNT_INVALID: {
    status: 400,
    zh: '金额须为正整数（分）',
    en: 'The amount must be a positive whole number of minor units below 2^53',
  },
  MERCHANT_UNKNOWN: { status: 404, zh: '商户不存在', en: 'No such merchant' },
  MERCHANT_DISABLED: { status: 403, zh: '商户已停用', en: 'The merchant is disabled' },
  MERCHANT_FORBIDDEN: { status: 403, zh: '无权操作该商户', en: 'Not allowed for this merchant' },
  TERMINAL_UNKNOWN: { status: 422, zh: '终端不存在或不属于该商户', en: 'No such terminal at this merchant' },
  TERMINAL_DISABLED: { status: 422, zh: '终端已停用', en: 'The terminal is disabled' },
  CHANNEL_UNKNOWN: { status: 422, zh: '支付渠道不存在', en: 'No such payment channel' },
  CHANNEL_DISABLED: {
    status: 422,
    zh: '支付渠道已停用, 不再接收新订单',
    en: 'The payment channel is disabled and takes no new orders',
  },
  SCENE_NOT_OFFERED: {
    status: 422,
    zh: '该渠道不支持此支付方式',
    en: 'The channel does not offer this scene',
  },
  VERB_NOT_OFFERED: {
    status: 422,
    zh: '该渠道不支持此操作',
    en: 'The channel does not offer this operation',
  },
  NO_ROUTE: { status: 422, zh: '没有可用的支付路由', en: 'No route leads from this request to an account' },
  ACCOUNT_UNKNOWN: { status: 404, zh: '渠道账户不存在', en: 'No such channel account' },
  ACCOUNT_DISABLED: { status: 422, zh: '渠道账户已停用', en: 'The channel account is disabled' },
  ACCOUNT_MISCONFIGURED: {
    status: 422,
    zh: '渠道账户配置有误',
    en: 'The channel account cannot work as configured',
  },
  AUTH_CODE_MISSING: { status: 400, zh: '请扫描付款码', en: 'A payment code is needed' },
  AUTH_CODE_UNKNOWN: { status: 422, zh: '无法识别的付款码', en: 'No channel knows this payment code' },
  PAYER_MISSING: { status: 400, zh: '缺少付款人标识', en: 'This scene needs the payer id' },
  ORDER_NOT_FOUND: { status: 404, zh: '订单不存在', en: 'No such order' },
  ORDER_CONFLICT: {
    status: 409,
    zh: '相同商户订单号的内容不一致',
    en: 'This merchant order number was used with another content',
  },
  ORDER_BUSY: {
    status: 409,
    zh: '订单正在处理，请稍后再试',
    en: 'The order is being worked on, try again shortly',
  },
  ORDER_ALREADY_PAID: {
    status: 409,
    zh: '订单已支付，请使用退款',
    en: 'The order is paid: refund it instead',
  },
  ORDER_NOT_REVERSIBLE: {
    status: 409,
    zh: '仅付款码订单可撤销，请使用关闭',
    en: 'Only a payment by payment code can be reversed: close the order instead',
  },
  ORDER_NOT_REFUNDABLE: {
    status: 409,
    zh: '订单未支付或已全额退款',
    en: 'The order is not paid or already refunded',
  },
  REFUND_EXCEEDS_PAID: { status: 409, zh: '退款金额超过可退金额', en: 'More than what is left to refund' },
  REFUND_CONFLICT: {
    status: 409,
    zh: '相同商户退款号的内容不一致',
    en: 'This merchant refund number was used with another content',
  },
  REFUND_NOT_FOUND: { status: 404, zh: '退款不存在', en: 'No such refund' },
  REFUND_NOT_RETRYABLE: {
    status: 409,
    zh: '仅失败的退款可重试',
    en: 'Only a failed refund can be tried again',
  },
  MIXED_NOT_FOUND: { status: 404, zh: '混合支付单不存在', en: 'No such mixed payment' },
  MIXED_CONFLICT: {
    status: 409,
    zh: '相同商户订单号的内容不一致',
    en: 'This merchant order number was used with another content',
  },
  MIXED_SPLIT: {
    status: 400,
    zh: '医保基金、个人账户、其他与自费之和不等于总金额',
    en: 'Fund, personal account, other and own money do not add up to the total',
  },
  MIXED_NOT_QUOTED: {
    status: 409,
    zh: '医保尚未答复承担金额，请稍后再试',
    en: 'Insurance has not said what it bears yet, try again shortly',
  },
  MIXED_NOT_REFUNDABLE: {
    status: 409,
    zh: '混合支付未完成或已退款',
    en: 'The mixed payment is not complete, or given back already',
  },
  BUSINESS_BEING_PAID: {
    status: 409,
    zh: '该业务单号正以另一种方式支付或已支付, 请先完成或取消那一笔',
    en: 'This business number is being paid another way, or is paid. Finish or cancel that first',
  },
  MIXED_NOT_STOPPED: {
    status: 409,
    zh: '仅受阻的退款或撤销可重试',
    en: 'Only a refund or an undoing that has stopped can be tried again',
  },
  ORDER_IS_HALF: {
    status: 409,
    zh: '此订单是混合支付的一部分，不能单独退款，请对混合支付单整笔退款',
    en: 'This order is half of a mixed payment and is not refunded alone: refund the mixed payment',
  },
  IDEMPOTENCY_CONFLICT: {
    status: 409,
    zh: '相同幂等键的请求内容不一致',
    en: 'This Idempotency-Key was used with another request',
  },
  SIGNATURE_MISSING: { status: 401, zh: '缺少签名请求头', en: 'The signing headers are missing' },
  SIGNATURE_INVALID: { status: 401, zh: '签名错误', en: 'The signature is wrong' },
  APPLICATION_UNKNOWN: { status: 401, zh: '应用不存在', en: 'No such application' },
  APPLICATION_DISABLED: { status: 403, zh: '应用已停用', en: 'The application is disabled' },
  TIMESTAMP_STALE: {
    status: 401,
    zh: '请求时间超出允许范围',
    en: 'The timestamp is more than 5 minutes off',
  },
  NONCE_INVALID: { status: 400, zh: '随机串须为 16–64 位', en: 'The nonce must have 16 to 64 characters' },
  REPLAYED: { status: 401, zh: '请求已被使用', en: 'This request was already made' },
  ADDRESS_REFUSED: { status: 403, zh: 'IP 地址不在白名单', en: 'The address is not on the allow-list' },
  SCOPE_MISSING: { status: 403, zh: '应用没有此权限', en: 'The application lacks the scope' },
  CHANNEL_REFUSED: { status: 422, zh: '支付渠道拒绝', en: 'The channel refused' },
  RESULT_UNKNOWN: {
    status: 202,
    zh: '支付结果未知，系统将继续查询',
    en: 'The result is not known yet; the platform goes on asking',
  },
  INTEGRITY: {
    status: 409,
    zh: '渠道应答的金额或币种与订单不符，已告警',
    en: 'The channel answered another amount or currency; the alarm is raised',
  },
} satisfies Record<string, ErrorDefinition>;

export type PaymentErrorCode = keyof typeof paymentErrors;

export const fail = defineErrors<PaymentErrorCode>(paymentErrors);
