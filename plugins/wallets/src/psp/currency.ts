import type { Currency } from '@hospital-pay/payments/contract';

export const currencyCodes = [
  'CNY',
  'JPY',
  'TWD',
  'THB',
  'HKD',
  'USD',
] as const satisfies readonly Currency[];
