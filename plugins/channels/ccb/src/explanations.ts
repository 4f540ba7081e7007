import type { Bilingual } from '@hospital-pay/errors';
import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const wait = {
  zh: '系统会自动查询结果，请勿重复收款',
  en: 'The result is queried automatically; do not charge again',
};
const rescan = { zh: '请患者刷新付款码后重新扫码', en: 'Ask the patient to refresh the code and scan again' };
const configure = {
  zh: '请运维核对渠道账户配置，或联系建行分行',
  en: 'Have operations check the channel account, or ask the branch',
};
const otherMeans = { zh: '请患者更换支付方式', en: 'Ask the patient for another way to pay' };

const explain = (zh: string, en: string, advice?: Bilingual): ErrorExplanation =>
  advice ? { zh, en, advice } : { zh, en };

/** Results without a code of the bank's, and the driver's own codes. The bank publishes no list of its ERRCODEs. */
export const explanations: Record<string, ErrorExplanation> = {
  RESULT_N: explain('支付失败', 'The payment failed', otherMeans),
  RESULT_U: explain('建行暂时无法确认结果', 'The bank cannot tell the result yet', wait),
  STATUS_0: explain('交易失败', 'The transaction failed', otherMeans),
  QR_REFUSED: explain('建行未生成二维码', 'The bank made no QR', configure),
  AUTH_CODE_MISSING: explain('缺少付款码', 'No payment code', rescan),
  PARAM: explain(
    '订单号、退款流水号或金额不符合要求',
    'The bank does not take such a number or amount',
    configure,
  ),
  SCENE: explain('该渠道不支持此支付场景', 'This channel does not offer this scene', configure),
  REFUND_NOT_FOUND: explain(
    '建行尚无此退款，将以原退款流水号重新提交',
    'No such refund: it is sent again under its number',
    wait,
  ),
  TOO_MANY: explain('该订单退款笔数过多，无法自动核对', 'Too many refunds of this order to be checked', {
    zh: '请在建行商户服务平台核对后处理',
    en: 'Settle it on the bank’s merchant service platform',
  }),
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
