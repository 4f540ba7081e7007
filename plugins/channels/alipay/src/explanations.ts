import type { ErrorExplanation } from '@hospital-pay/payments/contract';

/** What to do next, said once for the codes that ask for the same. */
const advice = {
  query: {
    zh: '系统会自动查询结果，请勿换单重复收款',
    en: 'The result is queried automatically; do not charge again under another number',
  },
  rescan: {
    zh: '请患者刷新付款码后重新扫码',
    en: 'Ask the patient to refresh the payment code and scan again',
  },
  other: { zh: '请患者更换付款方式', en: 'Ask the patient to pay another way' },
  new: { zh: '请重新下单收款', en: 'Charge again with a new order' },
  ops: { zh: '请联系运维检查渠道配置', en: 'Ask operations to check the channel configuration' },
  merchant: {
    zh: '请登录支付宝商家平台处理，或联系支付宝客服',
    en: 'Settle it on the Alipay merchant platform, or call Alipay',
  },
  fix: { zh: '请核对下单参数后重试', en: 'Check the request and try again' },
  later: { zh: '请稍后用同一退款单重试', en: 'Try the same refund again later' },
  offline: { zh: '请改为线下退款并登记', en: 'Refund outside Alipay and record it' },
  wait: { zh: '请稍后重试', en: 'Try again later' },
  refundq: { zh: '请核对该单的退款记录', en: 'Check the refunds of this order' },
  net: {
    zh: '请检查到支付宝网关的网络；系统会自动查询结果',
    en: 'Check the network to the gateway; the result is queried automatically',
  },
  int: {
    zh: '请勿放行业务，立即通知财务与运维核对',
    en: 'Hold the service back and tell finance and operations at once',
  },
  bill: { zh: '请稍后重新下载账单', en: 'Download the bill again later' },
};

/** Alipay's codes (and our own for answers that never came) in words the counter understands. */
export const explanations: Record<string, ErrorExplanation> = {
  // Paying
  'ACQ.SYSTEM_ERROR': {
    zh: '支付宝系统异常，结果未知',
    en: 'Alipay system error, result unknown',
    advice: advice.query,
  },
  'AQC.SYSTEM_ERROR': {
    zh: '支付宝系统异常，结果未知',
    en: 'Alipay system error, result unknown',
    advice: advice.query,
  },
  'aop.ACQ.SYSTEM_ERROR': {
    zh: '支付宝系统异常，结果未知',
    en: 'Alipay system error, result unknown',
    advice: advice.query,
  },
  'isp.unknow-error': {
    zh: '支付宝服务暂不可用，结果未知',
    en: 'Alipay unavailable, result unknown',
    advice: advice.query,
  },
  'aop.unknow-error': {
    zh: '支付宝服务暂不可用，结果未知',
    en: 'Alipay unavailable, result unknown',
    advice: advice.query,
  },
  20000: { zh: '支付宝服务不可用，结果未知', en: 'Alipay unavailable, result unknown', advice: advice.query },
  10003: {
    zh: '等待患者确认付款（输入密码）',
    en: 'Waiting for the patient to confirm',
    advice: advice.query,
  },
  'ACQ.PAYMENT_AUTH_CODE_INVALID': {
    zh: '付款码无效或已过期',
    en: 'The payment code is invalid or has expired',
    advice: advice.rescan,
  },
  'ACQ.TRADE_HAS_SUCCESS': {
    zh: '该单号已支付成功',
    en: 'This number is already paid',
    advice: advice.query,
  },
  'ACQ.TRADE_HAS_CLOSE': { zh: '交易已关闭', en: 'The trade is closed', advice: advice.new },
  'ACQ.CONTEXT_INCONSISTENT': {
    zh: '同一单号的交易信息不一致',
    en: 'The same number was used with other details',
    advice: advice.query,
  },
  'ACQ.APPLY_PC_MERCHANT_CODE_ERROR': {
    zh: '同一单号重复申请二维码',
    en: 'A QR code was asked for twice under one number',
    advice: advice.query,
  },
  'ACQ.BUYER_BALANCE_NOT_ENOUGH': {
    zh: '患者支付宝余额不足',
    en: 'The balance is not enough',
    advice: advice.other,
  },
  'ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH': {
    zh: '患者银行卡余额不足',
    en: 'The bank card balance is not enough',
    advice: advice.other,
  },
  'ACQ.ERROR_BALANCE_PAYMENT_DISABLE': {
    zh: '患者关闭了余额支付',
    en: 'Balance payment is switched off',
    advice: advice.other,
  },
  'ACQ.PULL_MOBILE_CASHIER_FAIL': {
    zh: '唤起患者手机收银台失败',
    en: 'The cashier could not be opened on the phone',
    advice: advice.other,
  },
  'ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE': {
    zh: '患者没有可用的支付工具',
    en: 'The patient has no usable means of payment',
    advice: advice.other,
  },
  'ACQ.MOBILE_PAYMENT_SWITCH_OFF': {
    zh: '患者关闭了无线支付',
    en: 'Mobile payment is switched off',
    advice: advice.other,
  },
  'ACQ.USER_FACE_PAYMENT_SWITCH_OFF': {
    zh: '患者关闭了当面付',
    en: 'Face-to-face payment is switched off',
    advice: advice.other,
  },
  'ACQ.BUYER_ENABLE_STATUS_FORBID': {
    zh: '患者支付宝账户状态不允许付款',
    en: 'The account may not pay',
    advice: advice.other,
  },
  'ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR': {
    zh: '超过患者当日支付限额',
    en: 'Over the daily limit of the patient',
    advice: advice.other,
  },
  'ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR': {
    zh: '超过患者当月支付限额',
    en: 'Over the monthly limit of the patient',
    advice: advice.other,
  },
  'ACQ.BEYOND_PAY_RESTRICTION': {
    zh: '商户收款额度超限',
    en: 'Over the collection limit of the merchant',
    advice: advice.merchant,
  },
  'ACQ.BEYOND_PER_RECEIPT_RESTRICTION': {
    zh: '超过单笔收款限额',
    en: 'Over the limit of a single payment',
    advice: advice.merchant,
  },
  'ACQ.TOTAL_FEE_EXCEED': {
    zh: '金额超出支付宝允许范围',
    en: 'The amount is out of range',
    advice: advice.fix,
  },
  'ACQ.INVALID_PARAMETER': { zh: '参数无效', en: 'Invalid parameter', advice: advice.fix },
  'ACQ.EXIST_FORBIDDEN_WORD': {
    zh: '订单标题包含违禁词',
    en: 'The title holds a forbidden word',
    advice: advice.fix,
  },
  'ACQ.BUYER_SELLER_EQUAL': {
    zh: '付款方与收款方是同一账户',
    en: 'Payer and seller are the same account',
    advice: advice.other,
  },
  'ACQ.TRADE_BUYER_NOT_MATCH': {
    zh: '付款人与订单不符',
    en: 'The payer does not match the order',
    advice: advice.new,
  },
  'ACQ.ACCESS_FORBIDDEN': {
    zh: '没有权限使用该接口（未签约）',
    en: 'Not allowed to use this API (no contract)',
    advice: advice.ops,
  },
  'ACQ.PARTNER_ERROR': {
    zh: '应用 APPID 填写错误或未生效',
    en: 'The APPID is wrong or not active',
    advice: advice.ops,
  },
  'ACQ.SELLER_BEEN_BLOCKED': {
    zh: '商户收款账户被冻结',
    en: 'The seller account is blocked',
    advice: advice.merchant,
  },
  'ACQ.MERCHANT_STATUS_NOT_NORMAL': {
    zh: '商户状态异常',
    en: 'The merchant status is not normal',
    advice: advice.merchant,
  },
  'ACQ.PAYMENT_REQUEST_HAS_RISK': {
    zh: '支付存在风险，被支付宝拦截',
    en: 'Alipay stopped the payment for risk',
    advice: advice.other,
  },
  // Asking, closing, cancelling
  'ACQ.TRADE_NOT_EXIST': {
    zh: '支付宝没有该交易（患者可能尚未扫码）',
    en: 'Alipay has no such trade (perhaps not scanned yet)',
    advice: advice.query,
  },
  'ACQ.TRADE_STATUS_ERROR': {
    zh: '交易状态不允许该操作',
    en: 'The trade status does not allow this',
    advice: advice.query,
  },
  'ACQ.REASON_TRADE_STATUS_INVALID': {
    zh: '交易状态不允许该操作',
    en: 'The trade status does not allow this',
    advice: advice.query,
  },
  'ACQ.REASON_ILLEGAL_STATUS': {
    zh: '交易状态不允许该操作',
    en: 'The trade status does not allow this',
    advice: advice.query,
  },
  'ACQ.TRADE_CANCEL_TIME_OUT': { zh: '超过可撤销时间', en: 'Too late to cancel', advice: advice.refundq },
  'ACQ.CANCEL_NOT_ALLOWED': {
    zh: '该交易不允许撤销',
    en: 'The trade cannot be cancelled',
    advice: advice.refundq,
  },
  RETRY_CANCEL: { zh: '支付宝要求重新撤销', en: 'Alipay asks to cancel again', advice: advice.query },
  // Refunding
  'ACQ.SELLER_BALANCE_NOT_ENOUGH': {
    zh: '商户账户余额不足，无法退款',
    en: 'The seller balance is not enough to refund',
    advice: advice.later,
  },
  'ACQ.TRADE_HAS_FINISHED': {
    zh: '交易已结束，超过退款期限',
    en: 'The trade is finished, the refund window is over',
    advice: advice.offline,
  },
  'ACQ.TRADE_NOT_ALLOW_REFUND': {
    zh: '该交易不允许退款',
    en: 'The trade cannot be refunded',
    advice: advice.offline,
  },
  'ACQ.NOT_ALLOW_PARTIAL_REFUND': {
    zh: '该交易不支持部分退款',
    en: 'No partial refund for this trade',
    advice: advice.refundq,
  },
  'ACQ.REASON_TRADE_BEEN_FREEZEN': { zh: '交易被冻结', en: 'The trade is frozen', advice: advice.merchant },
  'ACQ.REASON_TRADE_REFUND_FEE_ERR': {
    zh: '累计退款金额超过支付金额',
    en: 'Refunds would exceed the payment',
    advice: advice.refundq,
  },
  'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL': {
    zh: '退款金额超限，或部分退款缺少退款单号',
    en: 'Over the payment, or a partial refund without a number',
    advice: advice.refundq,
  },
  'ACQ.DISCORDANT_REPEAT_REQUEST': {
    zh: '同一退款单号的金额与上次不一致',
    en: 'The same refund number was used with another amount',
    advice: advice.int,
  },
  'ACQ.REFUND_CHARGE_ERROR': {
    zh: '退收费异常',
    en: 'The fee could not be given back',
    advice: advice.later,
  },
  REFUND_NOT_FOUND: {
    zh: '支付宝没有该退款的成功记录',
    en: 'Alipay shows no finished refund',
    advice: advice.later,
  },
  // The gateway itself
  'isv.missing-method': { zh: '缺少方法名', en: 'Method missing', advice: advice.ops },
  'isv.missing-signature': { zh: '缺少签名', en: 'Signature missing', advice: advice.ops },
  'isv.missing-signature-type': { zh: '缺少签名类型', en: 'Signature type missing', advice: advice.ops },
  'isv.missing-signature-key': { zh: '缺少签名密钥', en: 'Signature key missing', advice: advice.ops },
  'isv.missing-app-id': { zh: '缺少 APPID', en: 'APPID missing', advice: advice.ops },
  'isv.missing-timestamp': { zh: '缺少时间戳', en: 'Timestamp missing', advice: advice.ops },
  'isv.missing-version': { zh: '缺少版本号', en: 'Version missing', advice: advice.ops },
  'isv.invalid-signature': {
    zh: '验签失败：应用私钥与开放平台上的应用公钥不匹配',
    en: 'Signature refused: private key and registered public key differ',
    advice: advice.ops,
  },
  'isv.invalid-app-id': { zh: 'APPID 无效', en: 'Invalid APPID', advice: advice.ops },
  'isv.invalid-timestamp': {
    zh: '时间戳无效，服务器时钟可能不准',
    en: 'Invalid timestamp: the server clock may be wrong',
    advice: advice.ops,
  },
  'isv.invalid-charset': { zh: '字符集错误', en: 'Invalid charset', advice: advice.ops },
  'isv.suspected-attack': {
    zh: '请求参数被疑为攻击',
    en: 'The request looks like an attack',
    advice: advice.ops,
  },
  'isv.illegal-json': { zh: '请求内容不是合法 JSON', en: 'Illegal JSON', advice: advice.ops },
  'isv.invalid-signature-type': { zh: '签名类型无效', en: 'Invalid signature type', advice: advice.ops },
  'isv.invalid-method': { zh: '接口名无效', en: 'Unknown method', advice: advice.ops },
  'isv.invalid-app-cert-sn': {
    zh: '应用公钥证书与开放平台上的不一致',
    en: 'The application certificate is not the registered one',
    advice: advice.ops,
  },
  'isv.invalid-root-cert-sn': {
    zh: '支付宝根证书不匹配，请重新下载',
    en: 'The Alipay root certificates do not match: download them again',
    advice: advice.ops,
  },
  'isv.missing-signature-config': {
    zh: '应用未在开放平台配置公钥',
    en: 'No public key registered on the open platform',
    advice: advice.ops,
  },
  'isv.app-call-limited': {
    zh: '应用调用次数超限',
    en: 'Too many calls by the application',
    advice: advice.wait,
  },
  'isv.method-call-limited': {
    zh: '接口调用次数超限',
    en: 'Too many calls of the method',
    advice: advice.wait,
  },
  'isv.insufficient-isv-permissions': {
    zh: '应用没有该接口权限，请先签约产品',
    en: 'The application lacks permission: sign the product first',
    advice: advice.ops,
  },
  'aop.invalid-app-auth-token': {
    zh: '应用授权令牌无效',
    en: 'Invalid application authorisation token',
    advice: advice.ops,
  },
  20001: { zh: '授权权限不足', en: 'Authorisation insufficient', advice: advice.ops },
  40001: { zh: '缺少必要参数', en: 'Parameter missing', advice: advice.ops },
  40002: { zh: '参数非法', en: 'Invalid parameter', advice: advice.ops },
  40003: { zh: '签名配置缺失', en: 'Signature configuration missing', advice: advice.ops },
  40004: { zh: '业务处理失败', en: 'Business failure', advice: advice.wait },
  40005: { zh: '调用频率超限', en: 'Called too often', advice: advice.wait },
  40006: { zh: '权限不足', en: 'Permission insufficient', advice: advice.ops },
  // Bills
  BILL_NOT_EXIST: {
    zh: '账单不存在（尚未生成，或当日无交易）',
    en: 'No bill (not written yet, or no business that day)',
    advice: advice.bill,
  },
  NO_BILL_DATA: { zh: '当日无账单数据', en: 'No bill data that day', advice: advice.bill },
  EMPTY_DATA_WITH_BILL_FILE: { zh: '当日无交易', en: 'No business that day', advice: advice.bill },
  INVAILID_ARGUMENTS: { zh: '账单参数错误', en: 'Invalid bill arguments', advice: advice.ops },
  BILL_DATE_BEFORE_REGISTRATION: {
    zh: '账单日期早于账户开通日期',
    en: 'The day lies before the account was opened',
    advice: advice.fix,
  },
  TYPE_NOT_SUPPORTED: { zh: '不支持的账单类型', en: 'Bill type not supported', advice: advice.ops },
  SYSTEM_RATE_LIMIT: {
    zh: '账单下载过于频繁（系统限流）',
    en: 'Bills asked for too often (system)',
    advice: advice.bill,
  },
  USER_RATE_LIMIT: {
    zh: '账单下载过于频繁（用户限流）',
    en: 'Bills asked for too often (user)',
    advice: advice.bill,
  },
  UNKNOW_ERROR: { zh: '支付宝账单系统异常', en: 'Alipay bill system error', advice: advice.bill },
  // No usable answer, and our own refusals
  TIMEOUT: {
    zh: '支付宝未在规定时间内应答，结果未知',
    en: 'No answer in time, result unknown',
    advice: advice.query,
  },
  NETWORK: {
    zh: '与支付宝的连接中断，结果未知',
    en: 'The connection failed, result unknown',
    advice: advice.net,
  },
  MALFORMED: {
    zh: '支付宝应答无法识别，结果未知',
    en: 'The answer cannot be read, result unknown',
    advice: advice.query,
  },
  TOO_LARGE: { zh: '应答过大，已放弃读取', en: 'The answer is too large', advice: advice.net },
  BAD_SIGNATURE: {
    zh: '支付宝应答验签失败，结果未知',
    en: 'The answer does not verify, result unknown',
    advice: advice.ops,
  },
  CERT_CHANGED: {
    zh: '支付宝公钥证书已更换，请更新渠道证书',
    en: 'Alipay uses another certificate: update the channel',
    advice: advice.ops,
  },
  NOT_CONFIRMED: {
    zh: '支付宝已受理但未确认付款',
    en: 'Accepted, but not confirmed as paid',
    advice: advice.query,
  },
  INTEGRITY: {
    zh: '支付宝应答的单号或金额与请求不一致',
    en: 'The answer names another order or amount',
    advice: advice.int,
  },
  AUTH_CODE_MISSING: { zh: '未扫描到付款码', en: 'No payment code was scanned', advice: advice.rescan },
  PAYER_ID_MISSING: {
    zh: '缺少患者的支付宝标识',
    en: 'The Alipay id of the patient is missing',
    advice: advice.fix,
  },
  CURRENCY: { zh: '支付宝渠道仅支持人民币', en: 'Alipay takes CNY only', advice: advice.fix },
  HTTP_500: {
    zh: '支付宝网关异常（HTTP 500），结果未知',
    en: 'Gateway error (HTTP 500), result unknown',
    advice: advice.net,
  },
  HTTP_502: {
    zh: '支付宝网关异常（HTTP 502），结果未知',
    en: 'Gateway error (HTTP 502), result unknown',
    advice: advice.net,
  },
  HTTP_503: {
    zh: '支付宝网关异常（HTTP 503），结果未知',
    en: 'Gateway error (HTTP 503), result unknown',
    advice: advice.net,
  },
  HTTP_504: {
    zh: '支付宝网关异常（HTTP 504），结果未知',
    en: 'Gateway error (HTTP 504), result unknown',
    advice: advice.net,
  },
};
