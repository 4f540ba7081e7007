import { expect, test } from 'vitest';
import { apartFen, fenOfSide } from './matching';

const his = (hisFen: string) => ({ kind: 'his_only', hisFen, platformFen: '0', channelFen: '0' });
const platform = (platformFen: string) => ({ kind: 'platform_only', hisFen: '0', platformFen });

test('a one-sided entry is worth what stands on its one side', () => {
  expect(fenOfSide(his('1999'))).toBe(1999n);
  expect(fenOfSide(platform('-500'))).toBe(-500n);
  expect(fenOfSide({ kind: 'amount', hisFen: '1' })).toBe(0n);
});

test('one entry with two others that add up to it is apart by nothing', () => {
  expect(apartFen(his('3000'), [platform('1000'), platform('2000')])).toBe(0n);
  expect(apartFen(his('3000'), [platform('1000')])).toBe(2000n);
  expect(apartFen(his('3000'), [his('1000'), platform('4001')])).toBe(1n);
});
