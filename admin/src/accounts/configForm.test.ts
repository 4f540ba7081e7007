import { describe, expect, test } from 'vitest';
import type { ConfigSchema } from '../http/contracts';
import { defaultsOf, isLong, shownFields, toConfig } from './configForm';

const schema: ConfigSchema = {
  required: ['mchId', 'mode'],
  properties: {
    mchId: { type: 'string', title: '商户号' },
    mode: { type: 'string', title: '模式', enum: ['certificate', 'publicKey'], default: 'certificate' },
    certificate: {
      type: 'string',
      title: '证书',
      format: 'pem',
      showWhen: { field: 'mode', in: ['certificate'] },
    },
    publicKey: {
      type: 'string',
      title: '公钥',
      format: 'pem',
      showWhen: { field: 'mode', in: ['publicKey'] },
    },
    apiKey: { type: 'string', title: '密钥', secret: true },
    timeoutMs: { type: 'integer', title: '超时', default: 5000 },
  },
};

describe('the form of a channel’s parameters', () => {
  test('shows what applies to the choices made, by default at first', () => {
    expect(shownFields(schema, {}).map(([name]) => name)).toEqual([
      'mchId',
      'mode',
      'certificate',
      'apiKey',
      'timeoutMs',
    ]);
    expect(shownFields(schema, { mode: 'publicKey' }).map(([name]) => name)).toContain('publicKey');
  });

  test('sends no empty secret and nothing that does not apply', () => {
    expect(
      toConfig(schema, {
        mchId: ' 1900 ',
        mode: 'publicKey',
        certificate: 'old',
        publicKey: 'pem',
        apiKey: '',
        timeoutMs: '3000',
      }),
    ).toEqual({ mchId: '1900', mode: 'publicKey', publicKey: 'pem', timeoutMs: 3000 });
  });

  test('starts from the channel’s defaults', () => {
    expect(defaultsOf(schema)).toEqual({ mode: 'certificate', timeoutMs: 5000 });
  });

  test('key material gets room for its lines', () => {
    expect(isLong({ type: 'string', title: '', format: 'pem' })).toBe(true);
    expect(isLong({ type: 'string', title: '' })).toBe(false);
  });
});
