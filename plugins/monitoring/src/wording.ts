import type { Bilingual } from '@hospital-pay/errors';
import type { KnownError } from '@hospital-pay/payments';

interface Wording {
  /** 交易动作 */
  action: Bilingual;
  failure: Bilingual;
}

/** How the counter speaks of a method of the interface log. */
const wordings: Record<string, Wording> = {
  create_order: {
    action: { zh: '订单创建', en: 'Create order' },
    failure: { zh: '下单失败', en: 'Order not made' },
  },
  query_order: {
    action: { zh: '订单查询', en: 'Query order' },
    failure: { zh: '订单查询失败', en: 'Order query failed' },
  },
  close_order: {
    action: { zh: '订单关闭', en: 'Close order' },
    failure: { zh: '订单关闭失败', en: 'Order not closed' },
  },
  cancel_order: {
    action: { zh: '订单撤销', en: 'Reverse order' },
    failure: { zh: '撤销失败', en: 'Order not reversed' },
  },
  refund_order: {
    action: { zh: '退款', en: 'Refund' },
    failure: { zh: '退款失败', en: 'Refund failed' },
  },
  query_refund: {
    action: { zh: '退款查询', en: 'Query refund' },
    failure: { zh: '退款查询失败', en: 'Refund query failed' },
  },
  download_bill: {
    action: { zh: '账单下载', en: 'Download bill' },
    failure: { zh: '账单下载失败', en: 'Bill not downloaded' },
  },
  get_certificates: {
    action: { zh: '平台证书获取', en: 'Get platform certificates' },
    failure: { zh: '平台证书获取失败', en: 'Platform certificates not had' },
  },
  wallet_session: {
    action: { zh: '支付会话获取', en: 'Get payment session' },
    failure: { zh: '支付会话获取失败', en: 'No payment session' },
  },
  api_create_order: {
    action: { zh: '接口下单', en: 'API: create order' },
    failure: { zh: '接口下单被拒绝', en: 'API order refused' },
  },
  api_query_order: {
    action: { zh: '接口查单', en: 'API: query order' },
    failure: { zh: '接口查单被拒绝', en: 'API order query refused' },
  },
  api_close_order: {
    action: { zh: '接口关单', en: 'API: close order' },
    failure: { zh: '接口关单被拒绝', en: 'API closing refused' },
  },
  api_reverse_order: {
    action: { zh: '接口撤销', en: 'API: reverse order' },
    failure: { zh: '接口撤销被拒绝', en: 'API reversal refused' },
  },
  api_refund_order: {
    action: { zh: '接口退款', en: 'API: refund' },
    failure: { zh: '接口退款被拒绝', en: 'API refund refused' },
  },
  api_query_refund: {
    action: { zh: '接口查退款', en: 'API: query refund' },
    failure: { zh: '接口查退款被拒绝', en: 'API refund query refused' },
  },
  quote_insurance: {
    action: { zh: '医保试算', en: 'Insurance trial' },
    failure: { zh: '医保试算失败', en: 'Insurance trial failed' },
  },
  api_create_mixed: {
    action: { zh: '接口混合下单', en: 'API: create mixed payment' },
    failure: { zh: '接口混合下单被拒绝', en: 'API mixed payment refused' },
  },
  api_query_mixed: {
    action: { zh: '接口查混合支付', en: 'API: query mixed payment' },
    failure: { zh: '接口查混合支付被拒绝', en: 'API mixed query refused' },
  },
  api_confirm_mixed: {
    action: { zh: '接口确认混合支付', en: 'API: confirm mixed payment' },
    failure: { zh: '接口确认混合支付被拒绝', en: 'API mixed confirmation refused' },
  },
  api_cancel_mixed: {
    action: { zh: '接口取消混合支付', en: 'API: cancel mixed payment' },
    failure: { zh: '接口取消混合支付被拒绝', en: 'API mixed cancellation refused' },
  },
  api_refund_mixed: {
    action: { zh: '接口退混合支付', en: 'API: refund mixed payment' },
    failure: { zh: '接口退混合支付被拒绝', en: 'API mixed refund refused' },
  },
  notify: {
    action: { zh: '通知接收', en: 'Take notification' },
    failure: { zh: '通知处理失败', en: 'Notification not taken' },
  },
  test: {
    action: { zh: '连接测试', en: 'Test connection' },
    failure: { zh: '连接测试失败', en: 'Connection test failed' },
  },
  his_confirm: {
    action: { zh: 'HIS确认', en: 'Confirm to HIS' },
    failure: { zh: 'HIS确认失败', en: 'HIS confirmation failed' },
  },
  his_bills: {
    action: { zh: 'HIS待缴费查询', en: 'Ask HIS for bills' },
    failure: { zh: 'HIS待缴费查询失败', en: 'HIS bills not had' },
  },
  identify_payer: {
    action: { zh: '付款人识别', en: 'Identify payer' },
    failure: { zh: '付款人识别失败', en: 'Payer not identified' },
  },
  his_query: {
    action: { zh: 'HIS查询', en: 'Query HIS' },
    failure: { zh: 'HIS查询失败', en: 'HIS query failed' },
  },
};

export interface Explained {
  action: string;
  message: string;
  advice: string | null;
}

export const isWorded = (method: string): boolean => Object.hasOwn(wordings, method);

const checkKeys = {
  zh: '核对该账户的公钥、平台证书、APIv3密钥与商户号；配置无误时说明有人伪造通知，订单以查询结果为准，不受影响',
  en: 'Check this account’s public key, platform certificate, APIv3 key and merchant number; if they are right, somebody forges notifications: orders go by what is queried and are not affected',
};
const compareLogs = {
  zh: '对照接口日志与渠道后台的通知记录',
  en: 'Compare the interface log with the notifications in the channel’s console',
};
/** Why a notification was not taken. The codes are the drivers' and those of payments. */
const refusedNotifications: Record<string, Bilingual & { advice: Bilingual; isForged: boolean }> = {
  SIGNATURE: { zh: '通知签名不符', en: 'the signature does not fit', advice: checkKeys, isForged: true },
  BAD_SIGNATURE: { zh: '通知签名不符', en: 'the signature does not fit', advice: checkKeys, isForged: true },
  HEADERS_MISSING: { zh: '通知缺少签名', en: 'the signature is missing', advice: checkKeys, isForged: true },
  UNKNOWN_SERIAL: {
    zh: '通知使用了未知的平台证书或公钥',
    en: 'signed with an unknown platform certificate or key',
    advice: checkKeys,
    isForged: true,
  },
  DECRYPT: {
    zh: '通知无法用APIv3密钥解密',
    en: 'the APIv3 key does not decrypt it',
    advice: checkKeys,
    isForged: true,
  },
  STALE_TIMESTAMP: {
    zh: '通知时间戳过期',
    en: 'its time is long past',
    advice: {
      zh: '核对服务器时间；时间无误时为重放的通知',
      en: 'Check the server’s clock; if that is right, somebody sends an old notification again',
    },
    isForged: true,
  },
  APP_ID: { zh: '通知不属于该应用', en: 'it is for another application', advice: checkKeys, isForged: true },
  SELLER_ID: { zh: '通知不属于该商户', en: 'it is for another merchant', advice: checkKeys, isForged: true },
  INTEGRITY: {
    zh: '通知内容与账户不符',
    en: 'it does not fit the account',
    advice: checkKeys,
    isForged: true,
  },
  MALFORMED: { zh: '通知内容不完整', en: 'parts of it are missing', advice: compareLogs, isForged: true },
  UNREADABLE: { zh: '通知内容无法识别', en: 'it cannot be read', advice: compareLogs, isForged: true },
  SIGNTEST: {
    zh: '微信支付的签名探测，已按要求拒绝',
    en: 'a probe of WeChat Pay’s, refused as it asks',
    advice: { zh: '无需处理', en: 'Nothing needs to be done' },
    isForged: false,
  },
  ACCOUNT_UNKNOWN: {
    zh: '通知地址中的账户不存在',
    en: 'there is no such account',
    advice: {
      zh: '核对渠道后台配置的通知地址',
      en: 'Check the notification address in the channel’s console',
    },
    isForged: false,
  },
  NOT_STORED: {
    zh: '通知未能保存，已请渠道重发',
    en: 'it could not be stored; the channel is asked to send it again',
    advice: { zh: '检查数据库', en: 'Look at the database' },
    isForged: false,
  },
};

/** Whether this answer to a notification says that it may not have come from the channel. */
export const looksForged = (code: string): boolean => refusedNotifications[code]?.isForged === true;

/** What went wrong between us and HIS, which has no manifest to explain itself. */
const hisErrors: Record<string, Bilingual> = {
  HIS_TIMEOUT: { zh: 'HIS响应超时, 稍后自动重发', en: 'HIS took too long; it is sent again by itself' },
  HIS_UNREACHABLE: {
    zh: 'HIS无法连接, 稍后自动重发',
    en: 'HIS cannot be reached; it is sent again by itself',
  },
  HIS_UNREADABLE: { zh: 'HIS返回的内容无法识别', en: 'what HIS answered cannot be read' },
};

const separator = ':';

/** The English of what an abnormal request says in Chinese by words of ours; a failure comes with what separates it from its cause. */
export function englishOfRequests(): Record<string, string> {
  const english: Record<string, string> = {};
  for (const { action, failure } of Object.values(wordings)) {
    english[action.zh] = action.en;
    english[failure.zh + separator] = `${failure.en}${separator} `;
  }
  const causes = Object.values(refusedNotifications);
  for (const { zh, en } of [...causes, ...causes.map(({ advice }) => advice), ...Object.values(hisErrors)])
    english[zh] = en;
  return english;
}

const english = new Map(Object.entries(englishOfRequests()));

/** What a row of 异常请求 says in sentences, as far as it was read. */
export interface Told {
  errorMessage?: string | null | undefined;
  advice?: string | null | undefined;
}

/**
 * The English of a stored abnormal request: of words that are ours, and of what is known of its code. What the channel
 * itself said stays as it said it.
 */
export function englishOf(
  { errorMessage, advice }: Told,
  known: Pick<KnownError, 'meaning' | 'advice'> | undefined,
): Record<string, string> {
  const told: Record<string, string> = {};
  const note = (name: keyof Told, words: string | undefined) => {
    if (words !== undefined) told[`${name}En`] = words;
  };
  const [, failure = '', cause = ''] = /^([^:]*:)(.*)$/s.exec(errorMessage ?? '') ?? [];
  const failed = english.get(failure);
  note('errorMessage', failed && failed + (english.get(cause) ?? known?.meaning.en ?? cause));
  note('advice', english.get(advice ?? '') ?? (advice ? known?.advice.en : undefined));
  return told;
}

/** A channel's error in words: what was tried, why it failed, what to do next. */
export function explain(
  call: { method: string; errorCode: string; errorMessage?: string | undefined },
  known: Pick<KnownError, 'meaning' | 'advice'> | undefined,
): Explained {
  const worded = wordings[call.method];
  const [action, failure] = worded
    ? [worded.action.zh, worded.failure.zh]
    : [call.method, `${call.method}失败`];
  const refused = call.method === 'notify' ? refusedNotifications[call.errorCode] : undefined;
  if (refused) return { action, message: failure + separator + refused.zh, advice: refused.advice.zh };
  const said = call.errorMessage?.trim();
  return {
    action,
    message:
      failure +
      separator +
      (known?.meaning.zh ?? hisErrors[call.errorCode]?.zh ?? (said ? said : call.errorCode)),
    advice: known?.advice.zh ?? null,
  };
}
