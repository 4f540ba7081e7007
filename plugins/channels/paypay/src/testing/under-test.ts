import type { ChannelUnderTest } from '@hospital-pay/payments/contract';

export const underTest: ChannelUnderTest = {
  answersUnsigned: true,
  notificationsUnsigned: true,
  /** Webhooks are registered at PayPay, not sent with an order. */
  async prepare({ baseUrl, notifyUrl, config }) {
    await fetch(`${baseUrl}/control/paypay/webhook`, {
      method: 'POST',
      body: JSON.stringify({ merchantId: config.merchantId, url: notifyUrl }),
    });
  },
};
