import { defineErrors } from '@hospital-pay/errors';

/** What is refused before any room has heard of it. */
export const fail = defineErrors({
  BODY_MALFORMED: {
    status: 400,
    zh: '请求内容不是有效的 JSON 或表单',
    en: 'The body is no valid JSON or form',
  },
  BODY_TOO_LARGE: { status: 413, zh: '请求内容过大', en: 'The body is too large' },
});
