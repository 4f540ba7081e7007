import type { ConfigSchema } from '@hospital-pay/payments/contract';
import { billFields } from '@hospital-pay/wallets';

/** The file's headings were never public: the account names them, as they stand in the hospital's old files. */
export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['billOrderNo', 'billChannelNo', 'billAmount', 'billTime'],
  properties: billFields({}, 'shift_jis'),
};
