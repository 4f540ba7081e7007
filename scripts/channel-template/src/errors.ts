import type { ErrorExplanation } from '@hospital-pay/payments/contract';
import { transportErrors } from '@hospital-pay/wallets';

const wait = {
  zh: '系统会自动查询结果，请勿重复收款',
  en: 'The result is queried automatically: do not charge again',
};
const configure = { zh: '请运维核对渠道账户配置', en: 'Have operations check the channel account' };

export const explanations: Record<string, ErrorExplanation> = {
  PARAMETER_INVALID: { zh: '请求参数错误', en: 'A parameter is wrong', advice: configure },
  AUTH_CODE_INVALID: {
    zh: '付款码无效或已过期',
    en: 'The payment code is not valid any more',
    advice: { zh: '请患者刷新付款码后重试', en: 'Ask the patient for a fresh code' },
  },
  NOT_FOUND: { zh: '渠道没有该笔交易', en: 'The channel has no such payment', advice: wait },
  NOT_REFUNDABLE: { zh: '该笔交易未支付，不能退款', en: 'The payment is not paid: nothing to refund' },
  REFUND_EXCEEDS: { zh: '退款金额超过可退金额', en: 'More than what is left to refund' },
  CURRENCY: { zh: '该渠道仅支持人民币', en: 'The channel takes CNY only', advice: configure },
  ...transportErrors(),
};
