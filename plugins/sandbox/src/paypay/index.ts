import { randomBytes, randomInt } from 'node:crypto';
import { defineGateway } from '../gateway';
import { JAPAN, openPaypay, type PaypayCredentials, type PaypayGateway, paypayCredentials } from './gateway';

export interface PaypayChannelConfig {
  baseUrl: string;
  merchantId: string;
  apiKey: string;
  apiSecret: string;
  /** Headings that the sandbox's file has beyond those the channel assumes. */
  billRefundNo: string;
  billFee: string;
}

export const paypay = defineGateway<PaypayCredentials, PaypayChannelConfig, PaypayGateway>({
  title: 'PayPay',
  colour: '#b3001b',
  currency: 'JPY',
  credentials: paypayCredentials,
  generate: (choices) => ({
    merchantId: `24${randomInt(10 ** 10, 10 ** 11)}`,
    apiKey: `a_${randomBytes(9).toString('hex')}`,
    apiSecret: randomBytes(32).toString('base64'),
    webhookUrl: '',
    feeBasisPoints: 198,
    ...choices,
  }),
  config: ({ merchantId, apiKey, apiSecret }, url, choices) => ({
    baseUrl: url,
    merchantId,
    apiKey,
    apiSecret,
    billRefundNo: 'マーチャント返金ID',
    billFee: '決済手数料',
    ...choices,
  }),
  identity: ({ merchantId }) => ({ merchant: merchantId, appId: '' }),
  books: {
    zone: JAPAN,
    payer: 'PayPay',
    bank: 'PAYPAY_BALANCE',
    tradeNo: (_at, serial) => `0${serial.padStart(19, '1')}`,
    refundId: (_at, serial) => `1${serial.padStart(19, '1')}`,
    refundNumbersPer: 'merchant',
    closesWhenRefunded: false,
  },
  open: openPaypay,
});
