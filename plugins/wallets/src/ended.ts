import type { ChannelDriver } from '@hospital-pay/payments/contract';

/**
 * A channel that takes no money any more: its old bills can still be read. What is asked of it all the same is refused
 * here, and nothing is sent.
 */
export const endedDriver = (message: string): ChannelDriver => ({
  pay: async () => ({ kind: 'failed', code: 'CHANNEL_ENDED', message }),
  query: async () => ({ kind: 'unknown', code: 'CHANNEL_ENDED', cause: message }),
  test: async () => ({ ok: false, code: 'CHANNEL_ENDED', message }),
});

export const endedExplanation = {
  CHANNEL_ENDED: {
    zh: '该渠道已停止服务，仅可导入历史账单',
    en: 'The channel has ended: only its old bills can be imported',
  },
};
