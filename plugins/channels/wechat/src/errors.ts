import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const newCode = {
  zh: '请患者刷新付款码后重新扫码',
  en: 'Ask the patient to refresh the code and scan again',
};
const wait = {
  zh: '平台会自动查询结果，请勿重复收款',
  en: 'The platform asks for the result itself: do not charge again',
};
const configure = { zh: '请运维核对渠道账户配置', en: 'Have operations check the channel account' };
const otherMeans = { zh: '请患者更换支付方式', en: 'Ask the patient for another way to pay' };
const newOrder = { zh: '请重新发起一笔新订单', en: 'Start a new order' };
const later = { zh: '稍后自动重试', en: 'It is tried again by itself' };
const cashRefund = {
  zh: '请在微信支付商户平台处理异常退款或改为线下退款',
  en: 'Settle the refund in the WeChat Pay merchant platform, or in cash',
};

const explain = (zh: string, en: string, advice?: { zh: string; en: string }): ErrorExplanation =>
  advice ? { zh, en, advice } : { zh, en };

/** Every code a WeChat Pay call may end in: v3, v2, and the driver's own (transport and integrity). */
export const errorExplanations: Record<string, ErrorExplanation> = {
  PARAM_ERROR: explain('请求参数错误', 'A parameter is wrong', configure),
  INVALID_REQUEST: explain('请求不符合业务规则', 'The request breaks a business rule', configure),
  ORDER_CLOSED: explain('订单已关闭', 'The order is closed', newOrder),
  ORDERPAID: explain('订单已支付', 'The order is already paid', wait),
  OUT_TRADE_NO_USED: explain('商户订单号重复', 'The order number was used before', wait),
  APPID_MCHID_NOT_MATCH: explain(
    'AppID 与商户号不匹配',
    'AppID and merchant do not belong together',
    configure,
  ),
  MCH_NOT_EXISTS: explain('商户号不存在', 'No such merchant', configure),
  NO_STATEMENT_EXIST: explain('当日没有交易，无账单', 'No trades that day, hence no bill'),
  STATEMENT_CREATING: explain('账单生成中', 'The bill is being made', later),
  AUTH_CODE_INVALID: explain('付款码无效或已使用', 'The payment code is invalid or used', newCode),
  AUTHCODEEXPIRE: explain('付款码已过期', 'The payment code has expired', newCode),
  AUTH_CODE_EXPIRED: explain('付款码已过期', 'The payment code has expired', newCode),
  AUTH_CODE_ERROR: explain('付款码错误', 'The payment code is wrong', newCode),
  SIGN_ERROR: explain('签名错误', 'WeChat refuses our signature', configure),
  NO_AUTH: explain('商户没有该接口权限', 'The merchant may not use this API', {
    zh: '请在微信支付商户平台开通该产品权限',
    en: 'Open the product in the WeChat Pay merchant platform',
  }),
  RULE_LIMIT: explain('业务规则限制', 'A WeChat rule forbids it', otherMeans),
  NOT_ENOUGH: explain(
    '余额不足（退款时为商户可用余额不足）',
    'Not enough money (on a refund: the merchant balance)',
    {
      zh: '付款：更换支付方式；退款：充值后以原退款单号自动重试',
      en: 'Paying: use other means. Refund: top up, it is tried again with the same number',
    },
  ),
  TRADE_ERROR: explain('交易错误', 'The trade failed', otherMeans),
  USER_ACCOUNT_ABNORMAL: explain('用户账户异常', "The payer's account is abnormal", otherMeans),
  REQUEST_BLOCKED: explain('请求被微信风控拦截', 'Blocked by WeChat risk control', otherMeans),
  ACCOUNTERROR: explain('用户账户异常', "The payer's account is abnormal", otherMeans),
  ACCOUNT_ERROR: explain('用户账户异常', "The payer's account is abnormal", otherMeans),
  ORDER_NOT_EXIST: explain('订单不存在', 'No such order', wait),
  ORDER_NOT_FOUND: explain('微信支付尚无此订单', 'WeChat Pay does not (yet) know the order', wait),
  RESOURCE_NOT_EXISTS: explain('查询的资源不存在', 'What was asked for does not exist'),
  REFUND_NOT_FOUND: explain(
    '退款单不存在，将以原退款单号重新提交',
    'No such refund: it is sent again under its number',
    later,
  ),
  FREQUENCY_LIMITED: explain('请求过于频繁', 'Too many requests', later),
  RATELIMIT_EXCEEDED: explain('请求超过频率限制', 'Rate limit exceeded', later),
  FREQUENCY_LIMIT_EXCEED: explain('请求超过频率限制', 'Rate limit exceeded', later),
  SYSTEM_ERROR: explain('微信支付系统繁忙，结果未知', 'WeChat Pay is in trouble: result not known', wait),
  BANK_ERROR: explain('银行系统异常，结果未知', 'The bank is in trouble: result not known', wait),
  USERPAYING: explain('等待患者输入支付密码', 'The patient is entering the password', wait),
  USER_PAYING: explain('等待患者输入支付密码', 'The patient is entering the password', wait),
  PAYERROR: explain('支付失败', 'The payment failed', otherMeans),
  SYSTEMERROR: explain('微信支付系统繁忙，结果未知', 'WeChat Pay is in trouble: result not known', wait),
  BANKERROR: explain('银行系统异常，结果未知', 'The bank is in trouble: result not known', wait),
  NOTENOUGH: explain(
    '余额不足（退款时为商户可用余额不足）',
    'Not enough money (on a refund: the merchant balance)',
    otherMeans,
  ),
  NOTSUPORTCARD: explain('不支持该银行卡', 'This card is not supported', otherMeans),
  NOAUTH: explain('商户没有该接口权限', 'The merchant may not use this API', configure),
  BUYER_MISMATCH: explain('支付账号不一致', 'Another payer began this order', newOrder),
  ORDERREVERSED: explain('订单已撤销', 'The order was reversed', newOrder),
  ORDERCLOSED: explain('订单已关闭', 'The order is closed', newOrder),
  ORDERNOTEXIST: explain('订单不存在', 'No such order', wait),
  SIGNERROR: explain('签名错误', 'WeChat refuses our signature', configure),
  APPID_NOT_EXIST: explain('AppID 不存在', 'No such AppID', configure),
  MCHID_NOT_EXIST: explain('商户号不存在', 'No such merchant', configure),
  LACK_PARAMS: explain('缺少参数', 'A parameter is missing', configure),
  XML_FORMAT_ERROR: explain('请求格式错误', 'The request is malformed', configure),
  INVALID_TRANSACTIONID: explain('微信订单号无效', 'Invalid WeChat number', configure),
  REVERSE_EXPIRE: explain('超过可撤销期限', 'Too late to reverse', {
    zh: '请改为退款',
    en: 'Refund instead',
  }),
  BIZERR_NEED_RETRY: explain(
    '退款业务繁忙，需以原退款单号重试',
    'The refund must be sent again under its number',
    later,
  ),
  TRADE_OVERDUE: explain('订单超过一年，不能退款', 'Paid over a year ago: no refund any more', {
    zh: '请改为线下退款',
    en: 'Refund outside WeChat',
  }),
  INVALID_REQ_TOO_MUCH: explain('无效请求过多，退款被限制', 'Too many invalid refund requests', later),
  REFUNDNOTEXIST: explain('退款单不存在', 'No such refund', later),
  ABNORMAL: explain(
    '退款异常：原账户无法入账',
    "Refund abnormal: the payer's account cannot take it",
    cashRefund,
  ),
  CHANGE: explain(
    '退款异常：原账户无法入账',
    "Refund abnormal: the payer's account cannot take it",
    cashRefund,
  ),
  CLOSED: explain('退款已关闭', 'The refund is closed', cashRefund),
  REFUNDCLOSE: explain('退款已关闭', 'The refund is closed', cashRefund),
  REVERSE_TOO_EARLY: explain('支付后 15 秒内不能撤销', 'No reverse within 15 s of the payment', later),
  REVERSE_AGAIN: explain('撤销未完成，需再次调用', 'Reverse unfinished, to be called again', later),
  REVERSE_UNSUPPORTED: explain('只有付款码订单可撤销', 'Only payment-code orders can be reversed', {
    zh: '请关闭订单，已支付的请退款',
    en: 'Close the order, or refund it when paid',
  }),
  OPENID_MISSING: explain('缺少患者 OpenID', 'No openid of the payer', {
    zh: '请从公众号或小程序内发起支付',
    en: 'Pay from within the official account or mini program',
  }),
  AUTH_CODE_MISSING: explain('缺少付款码', 'No payment code', newCode),
  NO_PLATFORM_CERTIFICATE: explain('商户没有平台证书', 'The merchant has no platform certificate', {
    zh: '新商户请改用“微信支付公钥”验签',
    en: 'New merchants verify with the WeChat Pay public key',
  }),
  INTEGRITY: explain('应答与请求不一致（金额、商户或订单号）', 'The answer does not match what was asked', {
    zh: '请勿交付，立即联系运维核对',
    en: 'Deliver nothing; have operations check at once',
  }),
  UNVERIFIED: explain('应答验签失败', "The answer's signature does not verify", configure),
  GARBAGE: explain('应答无法识别', 'The answer is unreadable', wait),
  TIMEOUT: explain('请求超时，结果未知', 'Timed out: result not known', wait),
  NETWORK: explain('网络异常，结果未知', 'Network trouble: result not known', wait),
  V2_REFUSED: explain('微信支付拒绝了请求（V2）', 'WeChat Pay refused the request (v2)', configure),
  HTTP_ERROR: explain('微信支付网关异常', 'The WeChat Pay gateway is in trouble', wait),
};
