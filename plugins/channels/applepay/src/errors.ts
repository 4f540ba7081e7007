import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const again = { zh: '请患者重新发起 Apple Pay 付款', en: 'Ask the patient to start Apple Pay again' };
const configure = {
  zh: '请运维核对渠道账户配置与证书',
  en: 'Have operations check the account and its certificates',
};

export const tokenErrors: Record<string, ErrorExplanation> = {
  TOKEN_MISSING: { zh: '缺少 Apple Pay 支付令牌', en: 'The Apple Pay token is missing', advice: again },
  TOKEN_MALFORMED: { zh: '支付令牌无法识别', en: 'The token cannot be read', advice: again },
  TOKEN_VERSION: { zh: '不支持的令牌版本', en: 'Tokens of this version are not taken' },
  TOKEN_SIGNATURE: {
    zh: '支付令牌验签失败，已拒绝',
    en: 'The token is not signed by Apple: refused',
    advice: again,
  },
  TOKEN_STALE: { zh: '支付令牌已过期', en: 'The token is too old', advice: again },
  TOKEN_USED: { zh: '支付令牌已用于其他订单', en: 'The token paid another order', advice: again },
  TOKEN_KEY: {
    zh: '支付令牌无法解密（支付处理证书不匹配）',
    en: 'The token cannot be decrypted',
    advice: configure,
  },
  TOKEN_AMOUNT: {
    zh: '患者确认的金额与订单不一致，已拒绝',
    en: 'The payer agreed to another amount: refused',
    advice: again,
  },
  SESSION_HOST: {
    zh: '会话地址不是 Apple 的网关，已拒绝',
    en: 'The session address is none of Apple’s: refused',
  },
  SESSION_DOMAIN: {
    zh: '网站域名与账户配置不一致',
    en: 'The page’s domain is not the verified one',
    advice: configure,
  },
};
