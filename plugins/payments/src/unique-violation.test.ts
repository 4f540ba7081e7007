import vm from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { isUniqueViolation } from './rows';

describe('a unique index that refuses', () => {
  test.each([
    ['PostgreSQL', '23505', true],
    ['SQLite', 'SQLITE_CONSTRAINT_UNIQUE', true],
    ['a full disk', 'SQLITE_FULL', false],
  ])('is known by its code, also when %s throws an Error of another realm', (_, code, expected) => {
    const foreign: unknown = vm.runInNewContext(`Object.assign(new Error('x'), { code: '${code}' })`);
    expect(foreign instanceof Error).toBe(false);
    expect(isUniqueViolation(foreign)).toBe(expected);
    expect(isUniqueViolation(Object.assign(new Error('x'), { code }))).toBe(expected);
  });

  test.each([undefined, null, 'text', new Error('x')])('%p is not one', (error) => {
    expect(isUniqueViolation(error)).toBe(false);
  });
});
