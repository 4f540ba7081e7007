import type { ChannelUnderTest } from '@hospital-pay/payments/contract';

export const underTest: ChannelUnderTest = {
  // The bank signs what it says of payment codes; its QR calls and its own program are unsigned.
  answersUnsigned: true,
  notificationsTimeless: true,
  /** The address of notifications is registered with the bank, not sent with an order. */
  async prepare({ baseUrl, notifyUrl }) {
    await fetch(`${baseUrl}/control/ccb/notify-url`, {
      method: 'POST',
      body: JSON.stringify({ url: notifyUrl }),
    });
  },
};
