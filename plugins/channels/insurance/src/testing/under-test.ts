import type { ChannelUnderTest } from '@hospital-pay/payments/contract';

export const underTest: ChannelUnderTest = {
  /** The address of notifications is registered at the centre, not sent with an order. */
  async prepare({ baseUrl, notifyUrl }) {
    await fetch(`${baseUrl}/control/insurance/notify-url`, {
      method: 'POST',
      body: JSON.stringify({ url: notifyUrl }),
    });
  },
};
