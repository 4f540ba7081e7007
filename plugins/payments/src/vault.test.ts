import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVault, keyFrom } from './vault';

describe('the vault', () => {
  const vault = createVault(randomBytes(32));

  test('opens what it sealed, under the same context only', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, context) => {
        const sealed = vault.seal(text, context);
        expect(sealed.startsWith('v1:')).toBe(true);
        expect(vault.open(sealed, context)).toBe(text);
        expect(() => vault.open(sealed, `${context}!`)).toThrow();
      }),
    );
  });

  test('refuses a text that was changed, or another version', () => {
    const sealed = vault.seal('secret', 'a');
    const bytes = Buffer.from(sealed.slice(3), 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(() => vault.open(`v1:${bytes.toString('base64')}`, 'a')).toThrow();
    expect(() => vault.open(sealed.replace('v1:', 'v2:'), 'a')).toThrow('version');
  });

  test('gives every purpose a key of its own, the same each time', () => {
    expect(vault.keyFor('links')).toEqual(vault.keyFor('links'));
    expect(vault.keyFor('links')).not.toEqual(vault.keyFor('kiosks'));
    expect(createVault(randomBytes(32)).keyFor('links')).not.toEqual(vault.keyFor('links'));
  });

  test('a production without a key does not start, and says which is missing', () => {
    expect(() => keyFrom({ NODE_ENV: 'production' })).toThrow('SECRETS_KEY');
    expect(() => keyFrom({ SECRETS_KEY: 'short' })).toThrow('32');
    expect(keyFrom({ SECRETS_KEY: 'ab'.repeat(32) })).toHaveLength(32);
    expect(keyFrom({ SECRETS_KEY: randomBytes(32).toString('base64') })).toHaveLength(32);
  });
});
