import type { ChannelUnderTest } from '@hospital-pay/payments/contract';

export const underTest: ChannelUnderTest = {
  answersUnsigned: true,
  refundsUnnumbered: true,
  /** The address of the payment page is in no other answer. */
  lostUnpaid: ['h5', 'app'],
};
