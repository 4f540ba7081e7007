import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const wait = {
  zh: '系统会自动查询结果，请勿重复收款',
  en: 'The result is queried automatically: do not charge again',
};
const configure = { zh: '请运维核对渠道账户配置', en: 'Have operations check the channel account' };
const otherMeans = { zh: '请患者更换付款方式', en: 'Ask the patient to pay another way' };

/** Codes of the neutral protocol, and our own for answers that never came. */
export const pspErrors: Record<string, ErrorExplanation> = {
  invalid_request: { zh: '请求参数不被服务商接受', en: 'The PSP refuses the request', advice: configure },
  invalid_token: {
    zh: '支付令牌无效或已使用',
    en: 'The payment token is invalid or used',
    advice: otherMeans,
  },
  declined: { zh: '付款被拒绝', en: 'The payment was declined', advice: otherMeans },
  insufficient_funds: { zh: '余额不足', en: 'Insufficient funds', advice: otherMeans },
  not_allowed: { zh: '服务商未开通此功能', en: 'The PSP has not opened this', advice: configure },
  not_refundable: { zh: '该笔付款不可退款', en: 'The payment cannot be refunded' },
  refund_exceeds_payment: { zh: '累计退款超过付款金额', en: 'Refunds would exceed the payment' },
  payment_not_found: { zh: '服务商没有该笔付款', en: 'The PSP has no such payment', advice: wait },
  settlement_not_ready: { zh: '对账单尚未生成', en: 'The settlement file is not there yet' },
  PAYMENT_FAILED: { zh: '付款失败', en: 'The payment failed', advice: otherMeans },
  REFUND_FAILED: { zh: '退款失败', en: 'The refund failed' },
  unauthorized: { zh: '服务商不认可签名或商户号', en: 'The PSP refuses our signature', advice: configure },
  CURRENCY: { zh: '币种与账户不符', en: 'The account takes another currency', advice: configure },
  ...transportErrors(),
};

/** What any channel may say of an answer that never came or cannot be believed. */
export function transportErrors(): Record<string, ErrorExplanation> {
  return {
    TIMEOUT: { zh: '未在规定时间内应答，结果未知', en: 'No answer in time, result unknown', advice: wait },
    NETWORK: { zh: '连接中断，结果未知', en: 'The connection failed, result unknown', advice: wait },
    TOO_LARGE: { zh: '应答过大，已放弃读取', en: 'The answer is too large' },
    MALFORMED: {
      zh: '应答无法识别，结果未知',
      en: 'The answer cannot be read, result unknown',
      advice: wait,
    },
    BAD_SIGNATURE: { zh: '应答验签失败，结果未知', en: 'The answer does not verify', advice: configure },
    INTEGRITY: {
      zh: '应答的单号或金额与请求不一致',
      en: 'The answer names another order or amount',
      advice: {
        zh: '请勿放行业务，立即通知财务与运维核对',
        en: 'Hold the service back and tell finance at once',
      },
    },
    HTTP_500: { zh: '网关异常，结果未知', en: 'Gateway error, result unknown', advice: wait },
    HTTP_502: { zh: '网关异常，结果未知', en: 'Gateway error, result unknown', advice: wait },
    HTTP_503: { zh: '网关异常，结果未知', en: 'Gateway error, result unknown', advice: wait },
    HTTP_504: { zh: '网关异常，结果未知', en: 'Gateway error, result unknown', advice: wait },
  };
}
