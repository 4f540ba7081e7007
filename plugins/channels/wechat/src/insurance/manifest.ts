import { type ChannelManifest, defineChannel } from '@hospital-pay/payments/contract';
import { errorExplanations } from '../errors';
import { configSchema, readInsuranceSettings } from './config';
import { createInsuranceDriver } from './driver';
import { insuranceErrors } from './errors';

/** 医保自费混合收款 2.0: a channel of its own, by the same merchant and signed alike. */
export const insuranceManifest: ChannelManifest = defineChannel({
  code: 'wechatinsurance',
  title: { zh: '微信医保支付', en: 'WeChat medical insurance' },
  logName: 'weixin_insurance',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  scenes: ['jsapi'],
  verbs: ['refund', 'queryRefund', 'readNotification'],
  insurance: 'with cash',
  config: configSchema,
  errors: { ...errorExplanations, ...insuranceErrors },
  connect: (config, context) => createInsuranceDriver(readInsuranceSettings(config), context),
});
