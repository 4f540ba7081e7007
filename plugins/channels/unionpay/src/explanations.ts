import type { Bilingual } from '@hospital-pay/errors';
import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const wait = {
  zh: '系统会自动查询结果，请勿重复收款',
  en: 'The result is queried automatically; do not charge again',
};
const rescan = { zh: '请患者刷新付款码后重新扫码', en: 'Ask the patient to refresh the code and scan again' };
const otherMeans = {
  zh: '请患者更换银行卡或支付方式',
  en: 'Ask the patient for another card or another way to pay',
};
const configure = {
  zh: '请运维核对渠道账户配置，或联系银联',
  en: 'Have operations check the channel account, or ask UnionPay',
};
const again = { zh: '请稍后重新发起', en: 'Try again later' };
const newOrder = { zh: '请重新发起一笔新订单', en: 'Start a new order' };

const explain = (zh: string, en: string, advice?: Bilingual): ErrorExplanation =>
  advice ? { zh, en, advice } : { zh, en };

/** Response codes of ACP 5.1.0, and the driver's own for answers that never came. */
export const explanations: Record<string, ErrorExplanation> = {
  '01': explain('交易失败', 'The transaction failed', otherMeans),
  '02': explain('银联系统未开放或暂时关闭', 'UnionPay is closed for the moment', again),
  '03': explain('交易超时，结果未知', 'Timed out, result unknown', wait),
  '04': explain('交易状态未明', 'State of the transaction unknown', wait),
  '05': explain('交易已受理，等待结果', 'Accepted, the result is awaited', wait),
  '06': explain('银联系统繁忙', 'UnionPay is busy', wait),
  '10': explain('报文格式错误', 'The message is malformed', configure),
  '11': explain('签名验证失败', 'UnionPay refuses our signature', configure),
  '12': explain('重复交易', 'This transaction was sent before', wait),
  '13': explain('报文要素缺失', 'A field is missing', configure),
  '30': explain('交易未通过', 'The transaction was not approved', otherMeans),
  '31': explain('商户状态不正确', 'The merchant is not active', configure),
  '32': explain('商户无此交易权限', 'The merchant may not do this', configure),
  '33': explain('交易金额超限', 'The amount is over the limit', otherMeans),
  '34': explain('查无此交易', 'No such transaction', wait),
  '35': explain('原交易不存在或状态不正确', 'The original transaction is missing or in another state'),
  '36': explain('与原交易信息不符', 'Does not match the original transaction'),
  '37': explain('查询过于频繁', 'Asked too often', again),
  '38': explain('风险受限', 'Blocked by risk control', otherMeans),
  '39': explain('不在受理时间范围内', 'Outside the hours of acceptance', again),
  '42': explain('扣款成功但超过支付时间', 'Charged, but after its time', wait),
  '60': explain('发卡行拒绝交易', 'The card’s bank refused', otherMeans),
  '61': explain('卡号无效', 'The card number is not valid', otherMeans),
  '62': explain('发卡行不支持该商户', 'The card’s bank does not serve this merchant', otherMeans),
  '63': explain('卡状态不正确', 'The card is not active', otherMeans),
  '64': explain('卡上余额不足', 'Not enough money on the card', otherMeans),
  '65': explain('密码、有效期或 CVN2 有误', 'Password, expiry or CVN2 is wrong', rescan),
  '66': explain('持卡人身份信息有误', 'The card holder’s identity does not match', otherMeans),
  '67': explain('密码输入次数超限', 'Too many wrong passwords', otherMeans),
  '68': explain('该卡暂不支持此业务', 'This card does not support the business', otherMeans),
  '73': explain('卡已过有效期', 'The card has expired', otherMeans),
  '77': explain('银行卡未开通此业务', 'The card is not enrolled', otherMeans),
  '78': explain('发卡行交易权限受限', 'The card’s bank restricts this transaction', otherMeans),
  '83': explain('发卡行处理中', 'The card’s bank is still at it', wait),
  '86': explain('支付次数超限', 'Paid too often', otherMeans),
  '87': explain('二维码状态错误', 'The code is in another state', rescan),
  '88': explain('无此二维码', 'No such code', rescan),
  '98': explain('对账文件尚未生成', 'The bill file is not there yet', again),
  '99': explain('通用错误', 'General error', wait),
  AUTH_CODE_MISSING: explain('缺少付款码', 'No payment code', rescan),
  PARAM: explain('订单号或金额不符合银联要求', 'UnionPay does not take such a number or amount', newOrder),
  SCENE: explain('该渠道不支持此支付场景', 'This channel does not offer this scene', configure),
  QUERY_ID_MISSING: explain(
    '缺少原交易查询流水号，无法退款',
    'No query number of the payment, so no refund',
    {
      zh: '请先查询原订单，确认已支付后再退款',
      en: 'Query the order first; refund when it is paid',
    },
  ),
  ORDER_NOT_FOUND: explain('银联尚无此交易', 'UnionPay does not (yet) know the transaction', wait),
  REFUND_NOT_FOUND: explain(
    '银联尚无此退款，将以原退款单号重新提交',
    'No such refund: it is sent again under its number',
    wait,
  ),
  INTEGRITY: explain('应答与请求不一致（金额或订单号）', 'The answer does not match what was asked', {
    zh: '请勿放行业务，立即通知财务与运维核对',
    en: 'Hold the service back and tell finance and operations at once',
  }),
  BAD_SIGNATURE: explain('应答验签失败', 'The answer’s signature does not verify', configure),
  MALFORMED: explain('应答无法识别', 'The answer is unreadable', wait),
  TIMEOUT: explain('请求超时，结果未知', 'Timed out: result not known', wait),
  NETWORK: explain('网络异常，结果未知', 'Network trouble: result not known', wait),
  TOO_LARGE: explain('应答超过大小限制', 'The answer is too large', configure),
};
