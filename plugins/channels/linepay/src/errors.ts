import type { ErrorExplanation } from '@hospital-pay/payments/contract';
import { endedExplanation, transportErrors } from '@hospital-pay/wallets';

const wait = {
  zh: '系统会自动查询结果，请勿重复收款',
  en: 'The result is queried automatically: do not charge again',
};
const configure = { zh: '请运维核对渠道账户配置', en: 'Have operations check the channel account' };
const otherMeans = { zh: '请患者更换付款方式', en: 'Ask the patient to pay another way' };
const explain = (zh: string, en: string, advice?: { zh: string; en: string }): ErrorExplanation =>
  advice ? { zh, en, advice } : { zh, en };

export const explanations: Record<string, ErrorExplanation> = {
  '0121': explain('患者取消或超时未付', 'Cancelled by the payer, or too late'),
  '0122': explain('付款失败', 'The payment failed', otherMeans),
  1101: explain('患者不是 LINE Pay 会员', 'The payer is no LINE Pay member', otherMeans),
  1102: explain('患者当前无法付款', 'The payer cannot pay now', otherMeans),
  1104: explain('商户不存在', 'No such merchant', configure),
  1105: explain('商户已被停用', 'The merchant is suspended', configure),
  1106: explain('请求头或签名错误', 'Header or signature is wrong', configure),
  1110: explain('信用卡不可用', 'The card cannot be used', otherMeans),
  1124: explain('金额格式错误', 'The amount has a wrong scale', configure),
  1141: explain('患者账户状态异常', "The payer's account is abnormal", otherMeans),
  1142: explain('余额不足', 'Insufficient balance', otherMeans),
  1145: explain('付款处理中', 'The payment is under way', wait),
  1150: explain('没有该交易', 'No such transaction', wait),
  1152: explain('该交易已完成', 'The transaction is already done', wait),
  1153: explain('金额与请求不一致', 'The amount differs from the request', configure),
  1154: explain('付款方式不可用', 'The means of payment cannot be used', otherMeans),
  1155: explain('该交易不可退款', 'The transaction cannot be refunded'),
  1159: explain('付款请求不存在', 'The request is missing', wait),
  1163: explain('超过可退款期限', 'The refund period is over', {
    zh: '请改为线下退款',
    en: 'Refund in cash',
  }),
  1164: explain('超过可退金额', 'More than can be refunded'),
  1165: explain('该交易已全额退款', 'The transaction is already refunded'),
  1169: explain('患者尚未选定付款方式', 'The payer has not chosen how to pay', wait),
  1170: explain('患者余额已变动', "The payer's balance has changed", wait),
  1172: explain('订单号重复', 'The order number was used before', wait),
  1198: explain('重复调用', 'Called twice at once', wait),
  1199: explain('LINE Pay 系统异常，结果未知', 'LINE Pay internal error, result unknown', wait),
  9000: explain('LINE Pay 系统异常，结果未知', 'LINE Pay internal error, result unknown', wait),
  FAIL: explain('付款失败', 'The payment failed', otherMeans),
  AUTH_CODE_MISSING: explain('未扫描到付款码', 'No payment code was scanned'),
  TRANSACTION_UNKNOWN: explain('尚未取得交易号', 'The transaction is not known yet', wait),
  AMOUNT: explain('金额无效', 'Not an amount'),
  CURRENCY: explain('币种与账户地区不符', "The currency does not fit the account's region", configure),
  ...endedExplanation,
  ...transportErrors(),
};
