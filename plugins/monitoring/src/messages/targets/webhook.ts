import { createHmac } from 'node:crypto';
import { jsonHeaders, type TargetKind, textOf } from './kind';

/** JSON to whoever takes it. `X-Message-Id` is the same on every try; the signature covers the time and the body. */
export const webhook: TargetKind = {
  code: 'webhook',
  title: { zh: 'Webhook', en: 'Webhook' },
  config: {
    type: 'object',
    required: ['url', 'secret'],
    properties: {
      url: {
        type: 'string',
        title: '地址',
        titleEn: 'Address',
        format: 'uri',
        pattern: '^https?://',
        maxLength: 500,
      },
      secret: {
        type: 'string',
        title: '签名密钥',
        titleEn: 'Signing secret',
        description: 'X-Signature = HMAC-SHA256(密钥, X-Timestamp + "." + 正文)，十六进制',
        descriptionEn: 'X-Signature = HMAC-SHA256(secret, X-Timestamp + "." + body), hexadecimal',
        minLength: 16,
        maxLength: 200,
        secret: true,
      },
    },
  },
  send: {
    by: 'http',
    call({ config, note, now }) {
      const body = JSON.stringify(note);
      const timestamp = String(now.getTime());
      const signature = createHmac('sha256', textOf(config, 'secret'))
        .update(`${timestamp}.${body}`)
        .digest('hex');
      return {
        method: 'POST',
        url: textOf(config, 'url'),
        headers: {
          ...jsonHeaders,
          'x-message-id': note.id,
          'x-timestamp': timestamp,
          'x-signature': signature,
        },
        body,
      };
    },
    read: () => ({ kind: 'delivered' }),
  },
};
