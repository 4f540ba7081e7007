import { defineErrors } from '@hospital-pay/errors';

/** What can be wrong with an Alipay account's configuration. Thrown by `connect`, shown beside the form. */
export const alipayError = defineErrors({
  ALIPAY_CONFIG_INVALID: {
    status: 422,
    zh: '支付宝渠道配置不完整或格式有误',
    en: 'The Alipay configuration is incomplete or malformed',
  },
  ALIPAY_PRIVATE_KEY_UNREADABLE: {
    status: 422,
    zh: '应用私钥无法读取：请粘贴支付宝密钥工具生成的完整私钥（RSA2，2048 位）',
    en: 'The application private key cannot be read: paste the whole RSA2 key as the key tool made it',
  },
  ALIPAY_PRIVATE_KEY_WEAK: {
    status: 422,
    zh: '应用私钥不是 RSA 2048 位及以上，支付宝 RSA2 签名不接受',
    en: 'The application private key is not RSA of 2048 bits or more, which RSA2 requires',
  },
  ALIPAY_PUBLIC_KEY_UNREADABLE: {
    status: 422,
    zh: '支付宝公钥无法读取：请在开放平台复制“支付宝公钥”（不是应用公钥）',
    en: 'The Alipay public key cannot be read: copy "Alipay public key" (not your own) from the open platform',
  },
  ALIPAY_PUBLIC_KEY_IS_OWN: {
    status: 422,
    zh: '填写的是应用公钥而不是支付宝公钥：请在开放平台“接口加签方式”中复制“支付宝公钥”',
    en: 'This is your own application public key: copy the "Alipay public key" from the open platform instead',
  },
  ALIPAY_CERT_UNREADABLE: {
    status: 422,
    zh: '证书无法读取：请粘贴 .crt 文件的完整内容（含 BEGIN/END 行）',
    en: 'A certificate cannot be read: paste the whole .crt file, BEGIN and END lines included',
  },
  ALIPAY_CERT_NOT_OURS: {
    status: 422,
    zh: '应用公钥证书与应用私钥不是一对',
    en: 'The application certificate does not belong to the application private key',
  },
});
