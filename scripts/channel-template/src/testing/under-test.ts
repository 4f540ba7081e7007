import type { ChannelUnderTest } from '@hospital-pay/payments/contract';
import { startSimulator } from './simulator';

export const underTest: ChannelUnderTest = { start: startSimulator };
