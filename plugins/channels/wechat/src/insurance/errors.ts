import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const person = {
  zh: '请患者核对微信医保电子凭证的实名信息',
  en: 'Have the patient check who is bound to the insurance credential in WeChat',
};
const authorizeAgain = {
  zh: '授权几分钟内有效且只能用一次，请患者重新授权',
  en: 'An authorization is good for minutes and once: ask the patient for another',
};
const his = { zh: '请核对 HIS 传入的医保信息', en: 'Check what HIS says of the insurance' };
const amounts = { zh: '请核对 HIS 传入的各项金额', en: 'Check the amounts that HIS gave' };
const ask = { zh: '平台会查询订单状态后处理', en: 'The platform asks what became of the order' };

const explain = (zh: string, en: string, advice: ErrorExplanation['advice']): ErrorExplanation =>
  advice ? { zh, en, advice } : { zh, en };

/** By the number that Request-ID ends in (which tells apart what one code lumps together), and the driver's own. */
export const insuranceErrors: Record<string, ErrorExplanation> = {
  '268529515': explain('未找到医保混合订单', 'No such mixed order', ask),
  '268512536': explain('医保混合订单已存在', 'The mixed order exists already', ask),
  '268545961': explain('身份证与医保电子凭证不一致', 'Another id number than the credential’s', person),
  '268545962': explain('姓名与医保电子凭证不一致', 'Another name than the credential’s', person),
  '268545963': explain('微信未绑定医保电子凭证', 'WeChat has no insurance credential', person),
  '268547120': explain('医保支付授权码无效', 'The authorization is not valid', authorizeAgain),
  '268510610': explain('医保局结算校验失败', 'The insurer refused the settlement', his),
  '268529477': explain('订单总金额校验不通过', 'The total does not add up', amounts),
  '268529476': explain('自费金额校验不通过', 'The cash does not add up', amounts),
  '268529481': explain('混合单金额不正确', 'The amounts of the mixed order are wrong', amounts),
  '268529474': explain('纯自费单字段校验失败', 'Fields that an order of cash only may not have', his),
  '268529475': explain('混合单字段校验失败', 'Fields that a mixed order must have', his),
  '268554200': explain('订单状态不允许冲正', 'The order is in no state to be reversed', ask),
  '268554422': explain('医保冲正失败', 'The reversal failed', ask),
  '268560650': explain('患者已验密，不能关闭订单', 'The patient has confirmed: it cannot be closed', ask),
  ALREADY_EXISTS: explain('医保混合订单已存在', 'The mixed order exists already', ask),
  CLAIM_MISSING: explain('缺少医保预结算结果', 'The payment has no claim', his),
  DETAILS: explain('医保信息不完整', 'The details of the fee are incomplete', his),
  AMOUNTS: explain('各项金额不能配平', 'The amounts cannot add up', amounts),
  CASH_PAYMENT_MISSING: explain('缺少自费部分的预支付订单', 'The cash part has no prepaid order', {
    zh: '请先以同一商户号的微信支付账户建立自费订单',
    en: 'Make the cash order first, at the same merchant of WeChat Pay',
  }),
  MED_INS_PAY_FAIL: explain('医保部分支付失败', 'Insurance did not settle', {
    zh: '可取消医保结算，改为全部自费支付',
    en: 'Insurance can be left out and all of it paid in cash',
  }),
  MIX_PAY_FAIL: explain('医保自费混合支付失败', 'The mixed payment failed', ask),
  PARTIAL_REFUND: explain('医保部分只能整笔退回', 'Insurance takes its part back whole', {
    zh: '请整笔退费后按剩余项目重新结算',
    en: 'Give all of it back, and settle what remains anew',
  }),
  MIX_TRADE_NO_MISSING: explain('缺少混合订单号', 'The number of the mixed order is not known', ask),
  NO_ENCRYPTION_KEY: explain('没有可用的微信支付公钥或平台证书', 'No key to encrypt for WeChat', {
    zh: '请运维核对渠道账户的验签方式',
    en: 'Have operations check how WeChat is verified',
  }),
};
