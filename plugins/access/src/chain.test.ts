import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ChainedEntry, canonical, genesisHash, hashEntry, withoutSecrets } from './chain';

const entry: ChainedEntry = {
  at: new Date('2026-11-22T00:00:00Z'),
  actor: 'super',
  action: 'update',
  subject: 'merchant',
  subjectKey: 'H1',
  before: { name: '一院', zone: 'Asia/Shanghai' },
  after: { name: '市一院', zone: 'Asia/Shanghai' },
  ip: '10.0.0.1',
};

describe('the audit chain', () => {
  test('the order of keys does not change a hash, their values do', () => {
    const turned = { ...entry, after: { zone: 'Asia/Shanghai', name: '市一院' } };
    expect(hashEntry(genesisHash, turned)).toBe(hashEntry(genesisHash, entry));
    expect(hashEntry(genesisHash, { ...entry, actor: 'admin' })).not.toBe(hashEntry(genesisHash, entry));
    expect(hashEntry('1'.repeat(64), entry)).not.toBe(hashEntry(genesisHash, entry));
  });

  test('canonical text is the same whatever the order of keys, and reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonical(plain))).toEqual(plain);
      }),
    );
    expect(canonical({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });

  test('what is named like a secret is blanked at any depth, and whether it is set stays', () => {
    expect(
      withoutSecrets({
        appId: '2021',
        privateKey: 'MII…',
        nested: [{ apiV3Key: 'x', password: 'y' }],
        secretsSet: true,
      }),
    ).toEqual({
      appId: '2021',
      privateKey: '***',
      nested: [{ apiV3Key: '***', password: '***' }],
      secretsSet: true,
    });
  });
});
