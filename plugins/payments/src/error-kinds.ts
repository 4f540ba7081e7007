import type { Bilingual } from '@hospital-pay/errors';
import type { ErrorExplanation } from './contract';

/** Whether it may be tried again, and by whom. */
export const retries = ['automatic', 'anew', 'after_fix', 'no'] as const;
export type Retry = (typeof retries)[number];

interface Kind {
  cause: Bilingual;
  /** Where the channel's own table says nothing. */
  advice: Bilingual;
  retry: Retry;
}

const kinds = {
  silence: {
    cause: {
      zh: '网络中断、超时或渠道服务器故障，渠道是否受理尚不可知',
      en: 'The network, or the channel’s server, gave no usable answer: whether it was done is not known',
    },
    advice: {
      zh: '系统会自动查询结果，请勿重复收款',
      en: 'The result is queried by itself: do not charge again',
    },
    retry: 'automatic',
  },
  doubt: {
    cause: {
      zh: '渠道返回的内容无法验证、不完整或与订单不符，未予采信',
      en: 'The answer does not verify, is not whole, or differs from the order, and is not believed',
    },
    advice: {
      zh: '请勿重复操作；运维核对公钥、证书与渠道后台的记录',
      en: 'Do not repeat; operations compare keys, certificates and the channel’s own records',
    },
    retry: 'no',
  },
  code: {
    cause: {
      zh: '付款码已过期、已使用或扫错了码',
      en: 'The payment code has expired, was used, or is another kind of code',
    },
    advice: { zh: '请患者刷新付款码后重新扫码', en: 'Ask the patient to refresh the code and scan again' },
    retry: 'anew',
  },
  payer: {
    cause: {
      zh: '付款人的余额、限额、银行卡或账户状态不允许这笔付款',
      en: 'The payer’s balance, limit, card or account does not allow this payment',
    },
    advice: { zh: '请患者更换付款方式', en: 'Ask the patient to pay another way' },
    retry: 'anew',
  },
  busy: {
    cause: {
      zh: '渠道或银行系统繁忙、处理中，或请求过于频繁',
      en: 'The channel or the bank is busy, still at it, or was asked too often',
    },
    advice: {
      zh: '系统会自动查询并重试，请勿重复操作',
      en: 'It is queried and tried again by itself: do not repeat',
    },
    retry: 'automatic',
  },
  configuration: {
    cause: {
      zh: '渠道账户的参数、密钥、证书、权限或签约状态不正确',
      en: 'Parameters, keys, certificates, permissions or the contract of the account are not right',
    },
    advice: {
      zh: '请运维核对渠道账户配置后再试',
      en: 'Have operations check the channel account, then try again',
    },
    retry: 'after_fix',
  },
  renewed: {
    cause: {
      zh: '原订单已结束，不能继续支付',
      en: 'The order has ended and cannot be paid any more',
    },
    advice: { zh: '请重新发起一笔新订单', en: 'Start a new order' },
    retry: 'anew',
  },
  state: {
    cause: {
      zh: '订单、退款或账单当前的状态不允许该操作',
      en: 'The order, refund or bill is in a state that does not allow this',
    },
    advice: {
      zh: '先在订单详情核对实际状态，再决定下一步',
      en: 'Look at the order’s real state first, then decide',
    },
    retry: 'no',
  },
} as const satisfies Record<string, Kind>;

/** By the code first, then by what the channel's table advises, which says whose turn it is. */
const byCode: [RegExp, keyof typeof kinds][] = [
  [/^(TIMEOUT|NETWORK|HTTP_5\d\d|HTTP_ERROR|LINE|TERMINAL_OFFLINE)$/, 'silence'],
  [
    /SIGNATURE$|^(MALFORMED|GARBAGE|UNVERIFIED|INTEGRITY|TOO_LARGE|CERT_CHANGED|AMOUNT|TOKEN_AMOUNT)$/,
    'doubt',
  ],
  [/AUTH_?CODE|^QR_REFUSED$|^TOKEN_(STALE|USED)$/, 'code'],
];
const byAdvice: [RegExp, keyof typeof kinds][] = [
  [/刷新|重新扫码/, 'code'],
  [/更换|换(一|卡|其他)/, 'payer'],
  [/重新发起|新订单|重新下单/, 'renewed'],
  [/核对|配置|开通|运维|商户平台|联系|填写|密钥|证书|签约/, 'configuration'],
  [/自动|请勿重复|稍后|等待/, 'busy'],
];

export function kindOf(code: string, { advice }: ErrorExplanation): Kind {
  const found =
    byCode.find(([pattern]) => pattern.test(code)) ??
    byAdvice.find(([pattern]) => advice !== undefined && pattern.test(advice.zh));
  return kinds[found?.[1] ?? 'state'];
}
