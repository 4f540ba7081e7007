import type { KnownError } from '@hospital-pay/payments';

interface Wording {
  /** 交易动作 */
  action: string;
  failure: string;
}

/** How the counter speaks of a method of the interface log. */
const wordings: Record<string, Wording> = {
  create_order: { action: '订单创建', failure: '下单失败' },
  query_order: { action: '订单查询', failure: '订单查询失败' },
  close_order: { action: '订单关闭', failure: '订单关闭失败' },
  cancel_order: { action: '订单撤销', failure: '撤销失败' },
  refund_order: { action: '退款', failure: '退款失败' },
  query_refund: { action: '退款查询', failure: '退款查询失败' },
  download_bill: { action: '账单下载', failure: '账单下载失败' },
  get_certificates: { action: '平台证书获取', failure: '平台证书获取失败' },
  wallet_session: { action: '支付会话获取', failure: '支付会话获取失败' },
  api_create_order: { action: '接口下单', failure: '接口下单被拒绝' },
  api_query_order: { action: '接口查单', failure: '接口查单被拒绝' },
  api_close_order: { action: '接口关单', failure: '接口关单被拒绝' },
  api_reverse_order: { action: '接口撤销', failure: '接口撤销被拒绝' },
  api_refund_order: { action: '接口退款', failure: '接口退款被拒绝' },
  api_query_refund: { action: '接口查退款', failure: '接口查退款被拒绝' },
  quote_insurance: { action: '医保试算', failure: '医保试算失败' },
  api_create_mixed: { action: '接口混合下单', failure: '接口混合下单被拒绝' },
  api_query_mixed: { action: '接口查混合支付', failure: '接口查混合支付被拒绝' },
  api_confirm_mixed: { action: '接口确认混合支付', failure: '接口确认混合支付被拒绝' },
  api_cancel_mixed: { action: '接口取消混合支付', failure: '接口取消混合支付被拒绝' },
  api_refund_mixed: { action: '接口退混合支付', failure: '接口退混合支付被拒绝' },
  notify: { action: '通知接收', failure: '通知处理失败' },
  test: { action: '连接测试', failure: '连接测试失败' },
  his_confirm: { action: 'HIS确认', failure: 'HIS确认失败' },
  his_bills: { action: 'HIS待缴费查询', failure: 'HIS待缴费查询失败' },
  identify_payer: { action: '付款人识别', failure: '付款人识别失败' },
  his_query: { action: 'HIS查询', failure: 'HIS查询失败' },
};

export interface Explained {
  action: string;
  message: string;
  advice: string | null;
}

export const isWorded = (method: string): boolean => Object.hasOwn(wordings, method);

const checkKeys =
  '核对该账户的公钥、平台证书、APIv3密钥与商户号；配置无误时说明有人伪造通知，订单以查询结果为准，不受影响';
/** Why a notification was not taken. The codes are the drivers' and those of payments. */
const refusedNotifications: Record<string, { zh: string; advice: string; isForged: boolean }> = {
  SIGNATURE: { zh: '通知签名不符', advice: checkKeys, isForged: true },
  BAD_SIGNATURE: { zh: '通知签名不符', advice: checkKeys, isForged: true },
  HEADERS_MISSING: { zh: '通知缺少签名', advice: checkKeys, isForged: true },
  UNKNOWN_SERIAL: { zh: '通知使用了未知的平台证书或公钥', advice: checkKeys, isForged: true },
  DECRYPT: { zh: '通知无法用APIv3密钥解密', advice: checkKeys, isForged: true },
  STALE_TIMESTAMP: { zh: '通知时间戳过期', advice: '核对服务器时间；时间无误时为重放的通知', isForged: true },
  APP_ID: { zh: '通知不属于该应用', advice: checkKeys, isForged: true },
  SELLER_ID: { zh: '通知不属于该商户', advice: checkKeys, isForged: true },
  INTEGRITY: { zh: '通知内容与账户不符', advice: checkKeys, isForged: true },
  MALFORMED: { zh: '通知内容不完整', advice: '对照接口日志与渠道后台的通知记录', isForged: true },
  UNREADABLE: { zh: '通知内容无法识别', advice: '对照接口日志与渠道后台的通知记录', isForged: true },
  SIGNTEST: { zh: '微信支付的签名探测，已按要求拒绝', advice: '无需处理', isForged: false },
  ACCOUNT_UNKNOWN: {
    zh: '通知地址中的账户不存在',
    advice: '核对渠道后台配置的通知地址',
    isForged: false,
  },
  NOT_STORED: { zh: '通知未能保存，已请渠道重发', advice: '检查数据库', isForged: false },
};

/** Whether this answer to a notification says that it may not have come from the channel. */
export const looksForged = (code: string): boolean => refusedNotifications[code]?.isForged === true;

/** What went wrong between us and HIS, which has no manifest to explain itself. */
const hisErrors: Record<string, string> = {
  HIS_TIMEOUT: 'HIS响应超时, 稍后自动重发',
  HIS_UNREACHABLE: 'HIS无法连接, 稍后自动重发',
  HIS_UNREADABLE: 'HIS返回的内容无法识别',
};

/** A channel's error in words: what was tried, why it failed, what to do next. */
export function explain(
  call: { method: string; errorCode: string; errorMessage?: string | undefined },
  known: Pick<KnownError, 'meaning' | 'advice'> | undefined,
): Explained {
  const { action, failure } = wordings[call.method] ?? { action: call.method, failure: `${call.method}失败` };
  const refused = call.method === 'notify' ? refusedNotifications[call.errorCode] : undefined;
  if (refused) return { action, message: `${failure}:${refused.zh}`, advice: refused.advice };
  const said = call.errorMessage?.trim();
  return {
    action,
    message: `${failure}:${known?.meaning.zh ?? hisErrors[call.errorCode] ?? (said ? said : call.errorCode)}`,
    advice: known?.advice.zh ?? null,
  };
}
