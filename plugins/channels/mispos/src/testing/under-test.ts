import type { ChannelUnderTest } from '@hospital-pay/payments/contract';

/** The other end is a device that an agent serves, not a gateway that answers: it has a suite of its own. */
export const underTest: ChannelUnderTest = { provenBy: 'test/channels/mispos.test.ts' };
