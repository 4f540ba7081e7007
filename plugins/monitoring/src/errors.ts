import { defineErrors } from '@hospital-pay/errors';

export const fail = defineErrors({
  MESSAGE_NOT_FOUND: { status: 404, zh: '消息不存在', en: 'No such message' },
});
