import { expect, test } from '@jest/globals';
import { benchWall } from './wall';

test.each(['sqlite', 'postgres'] as const)(
  'the wall benchmark on %s counts every order it made, however many they are',
  async (database) => {
    const [few, many] = await benchWall(database, [600, 6000], { rounds: 1 });
    // Yesterday begins less than 48 hours ago, and a hundred orders come afterwards.
    for (const result of [few, many]) {
      expect(result?.counted).toBeGreaterThan((result?.orders ?? 0) / 2);
      expect(result?.counted).toBeLessThanOrEqual(result?.orders ?? 0);
      expect(result?.refreshMs).toBeGreaterThan(0);
    }
  },
  240_000,
);
