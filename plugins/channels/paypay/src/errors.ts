import type { ErrorExplanation } from '@hospital-pay/payments/contract';
import { transportErrors } from '@hospital-pay/wallets';

const wait = {
  zh: '系统会自动查询结果，请勿重复收款',
  en: 'The result is queried automatically: do not charge again',
};
const configure = { zh: '请运维核对渠道账户配置', en: 'Have operations check the channel account' };
const otherMeans = { zh: '请患者更换付款方式', en: 'Ask the patient to pay another way' };

export const explanations: Record<string, ErrorExplanation> = {
  INVALID_REQUEST_PARAMS: { zh: '请求参数错误', en: 'A parameter is wrong', advice: configure },
  MISSING_REQUEST_PARAMS: { zh: '缺少请求参数', en: 'A parameter is missing', advice: configure },
  DUPLICATE_DYNAMIC_QR_REQUEST: {
    zh: '该单号已生成过收款码',
    en: 'This number already has a code',
    advice: wait,
  },
  DYNAMIC_QR_NOT_FOUND: { zh: '收款码不存在或已失效', en: 'The code does not exist any more', advice: wait },
  DYNAMIC_QR_PAYMENT_NOT_FOUND: { zh: 'PayPay 没有该笔付款', en: 'PayPay has no such payment', advice: wait },
  ORDER_NOT_REVERSIBLE: {
    zh: '已超过可取消时间，请改用退款',
    en: 'Too late to cancel: refund instead',
  },
  NO_SUFFICIENT_FUND: {
    zh: '余额不足（退款时为商户余额不足）',
    en: 'Not enough money (on a refund: the merchant’s)',
    advice: otherMeans,
  },
  LIMIT_EXCEEDED: { zh: '超过付款限额', en: 'Over the payment limit', advice: otherMeans },
  USER_DEFINED_DAILY_LIMIT_EXCEEDED: {
    zh: '超过患者自设的日限额',
    en: 'Over the daily limit',
    advice: otherMeans,
  },
  USER_DEFINED_MONTHLY_LIMIT_EXCEEDED: {
    zh: '超过患者自设的月限额',
    en: 'Over the monthly limit',
    advice: otherMeans,
  },
  PAY_METHOD_INVALIDATED: {
    zh: '患者的付款方式已失效',
    en: 'The way to pay is no longer valid',
    advice: otherMeans,
  },
  UNACCEPTABLE_OP: {
    zh: '该笔付款当前不允许此操作',
    en: 'The payment does not allow this now',
    advice: wait,
  },
  UNAUTHORIZED: { zh: 'API Key 或签名不被认可', en: 'PayPay refuses key or signature', advice: configure },
  OP_OUT_OF_SCOPE: { zh: '商户未开通此功能', en: 'The merchant may not use this', advice: configure },
  RATE_LIMIT: { zh: '请求过于频繁', en: 'Called too often', advice: wait },
  SERVICE_ERROR: { zh: 'PayPay 系统异常，结果未知', en: 'PayPay system error, result unknown', advice: wait },
  INTERNAL_SERVER_ERROR: {
    zh: 'PayPay 系统异常，结果未知',
    en: 'PayPay system error, result unknown',
    advice: wait,
  },
  MAINTENANCE_MODE: { zh: 'PayPay 维护中', en: 'PayPay is under maintenance', advice: wait },
  SUSPECTED_DUPLICATE_PAYMENT: { zh: '疑似重复付款', en: 'Perhaps a duplicate payment', advice: wait },
  FAILED: { zh: '付款失败', en: 'The payment failed', advice: otherMeans },
  REFUND_FAILED: { zh: '退款失败', en: 'The refund failed' },
  PAYMENT_ID_UNKNOWN: {
    zh: '尚未取得 PayPay 交易号',
    en: 'The number of the payment is not known yet',
    advice: wait,
  },
  CURRENCY: { zh: 'PayPay 仅支持日元', en: 'PayPay takes JPY only', advice: configure },
  ...transportErrors(),
};
