import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { channelTable } from './table';

test('every row of the table in the README says what its channel offers today', () => {
  const readme = readFileSync(path.resolve(__dirname, '../../../README.md'), 'utf8');
  const [, shown = ''] = readme.split(/<!-- \/?channels -->/);
  const rows = shown.split('\n').filter((line) => line.startsWith('|'));
  expect(rows.length).toBeGreaterThan(2);
  expect(channelTable(() => 'pass')).toEqual(expect.arrayContaining(rows));
});
