import type { Bilingual } from '@hospital-pay/errors';
import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const wait = {
  zh: '系统会自动查询结果，请勿重复收款',
  en: 'The result is queried automatically; do not charge again',
};
const rescan = { zh: '请患者刷新付款码后重新扫码', en: 'Ask the patient to refresh the code and scan again' };
const configure = {
  zh: '请运维核对渠道账户配置，或联系工行',
  en: 'Have operations check the channel account, or ask ICBC',
};
const otherMeans = { zh: '请患者更换支付方式', en: 'Ask the patient for another way to pay' };

const explain = (zh: string, en: string, advice?: Bilingual): ErrorExplanation =>
  advice ? { zh, en, advice } : { zh, en };

/** ICBC's return codes that are documented, both families' failed states, and the driver's own. */
export const explanations: Record<string, ErrorExplanation> = {
  '400011': explain('参数错误', 'A parameter is wrong', configure),
  '400017': explain('签名验证失败', 'ICBC refuses our signature', configure),
  '00005031': explain('订单重复', 'The order number was used before', wait),
  PAY_STATUS_1: explain('支付失败', 'The payment failed', otherMeans),
  PAY_STATUS_2: explain('支付失败', 'The payment failed', otherMeans),
  'PAY_STATUS_-1': explain('下单失败', 'The order failed', otherMeans),
  AUTH_CODE_MISSING: explain('缺少付款码', 'No payment code', rescan),
  PAYER_ID_MISSING: explain('缺少付款人标识', 'No payer id', {
    zh: '请从公众号或小程序内发起支付',
    en: 'Pay from within the official account or mini program',
  }),
  STORE_CODE_MISSING: explain('未填写 e 生活门店编号', 'The store code is not configured', configure),
  PROTOCOL_MISSING: explain('未填写收单产品协议编号', 'The agreement number is not configured', configure),
  PARAM: explain('金额不符合要求', 'ICBC does not take such an amount', configure),
  SCENE: explain('该渠道不支持此支付场景', 'This channel does not offer this scene', configure),
  CLOSE_UNSUPPORTED: explain('二维码到期自动失效，不能主动关闭', 'A QR ends by its own time'),
  REVERSE_UNSUPPORTED: explain('只有付款码订单可撤销', 'Only payment-code orders can be reversed'),
  ORDER_PAID: explain('关单时订单已支付', 'Paid while it was being closed', wait),
  INTEGRITY: explain('应答与请求不一致（金额或订单号）', 'The answer does not match what was asked', {
    zh: '请勿放行业务，立即通知财务与运维核对',
    en: 'Hold the service back and tell finance and operations at once',
  }),
  BAD_SIGNATURE: explain('应答验签失败', 'The answer’s signature does not verify', {
    zh: '请运维核对网关公钥，并尝试切换“应答签名方式”',
    en: 'Have operations check the gateway key, and try the other reply signature',
  }),
  MALFORMED: explain('应答无法识别', 'The answer is unreadable', wait),
  TIMEOUT: explain('请求超时，结果未知', 'Timed out: result not known', wait),
  NETWORK: explain('网络异常，结果未知', 'Network trouble: result not known', wait),
  TOO_LARGE: explain('应答超过大小限制', 'The answer is too large', configure),
};
