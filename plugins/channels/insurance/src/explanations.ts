import type { Bilingual } from '@hospital-pay/errors';
import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const wait = {
  zh: '系统会自动查询结果，请勿重复结算',
  en: 'The result is queried automatically; do not settle again',
};
const configure = {
  zh: '请运维核对渠道账户配置，或联系医保移动支付中心',
  en: 'Have operations check the channel account, or ask the centre',
};
const askHis = { zh: '请核对 HIS 传入的费用信息', en: 'Check what HIS says of the fee' };
const byCash = {
  zh: '可取消医保结算，改为全部自费支付',
  en: 'Insurance can be left out and all of it paid in cash',
};

const explain = (zh: string, en: string, advice?: Bilingual): ErrorExplanation =>
  advice ? { zh, en, advice } : { zh, en };

/** The driver's own codes. The centre publishes none: what it answers is shown in its own words. */
export const explanations: Record<string, ErrorExplanation> = {
  PARAM: explain('金额不符合要求', 'Insurance does not settle such an amount', askHis),
  CLAIM_MISSING: explain('缺少医保预结算结果', 'The payment has no claim', askHis),
  DETAILS: explain('费用信息不完整', 'The details of the fee are incomplete', askHis),
  ITEMS_SUM: explain('费用明细合计与总额不一致', 'The lines of the fee do not make its total', askHis),
  OTHER_PART: explain(
    '费用中有其他支付部分，暂不能经移动支付结算',
    'Others bear a part of the fee, which could not be given back',
    { zh: '请到医保窗口结算', en: 'Settle it at the insurance counter' },
  ),
  SETTLEMENT_FAILED: explain('医保结算失败', 'Insurance did not settle', byCash),
  REFUND_FAIL: explain('医保退款失败', 'Insurance did not take its part back', {
    zh: '请勿先退自费部分，联系医保移动支付中心处理',
    en: 'Do not give the cash part back; ask the centre',
  }),
  REFUND_EXP: explain('医保退款结果未知', 'What became of the refund is not known', wait),
  REFUND_NOT_FOUND: explain(
    '医保尚未退款，将以原退款单号重新提交',
    'Insurance has not given it back: it is sent again under its number',
    wait,
  ),
  PARTIAL_REFUND: explain('医保部分只能整笔退回', 'Insurance takes its part back whole', {
    zh: '请整笔退费后按剩余项目重新结算',
    en: 'Give all of it back, and settle what remains anew',
  }),
  INTEGRITY: explain('应答与请求不一致（金额或单号）', 'The answer does not match what was asked', {
    zh: '请勿放行业务，立即通知财务与运维核对',
    en: 'Hold the service back and tell finance and operations at once',
  }),
  BAD_SIGNATURE: explain('报文验签失败', 'The message does not verify', {
    zh: '请运维核对移动支付中心公钥与应用密钥',
    en: 'Have operations check the centre’s key and the application’s secret',
  }),
  DECRYPT: explain('报文无法解密', 'The message cannot be decrypted', configure),
  MALFORMED: explain('应答无法识别', 'The answer is unreadable', wait),
  TIMEOUT: explain('请求超时，结果未知', 'Timed out: result not known', wait),
  NETWORK: explain('网络异常，结果未知', 'Network trouble: result not known', wait),
  TOO_LARGE: explain('应答超过大小限制', 'The answer is too large', configure),
};
