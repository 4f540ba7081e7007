import { describe, expect, test } from '@jest/globals';
import { dayStatistics } from './statistics';

describe('the statistics of one day', () => {
  test('the published example adds up to the fen', () => {
    const report = dayStatistics({
      hisFen: 78518542,
      platformFen: 67442829,
      abnormalRefundFen: 20000 + 18500 + 400000,
      settled: [],
    });
    expect(report).toEqual({
      hisFen: 78518542,
      platformFen: 67442829,
      abnormalRefundFen: 438500,
      differenceFen: 11075713,
      bankArrivalFen: 67004329,
      refundsByMethod: { online: 438500, cash: 0, other: 0 },
    });
  });

  test('cash given back at the counter is counted by its method', () => {
    const report = dayStatistics({
      hisFen: 1000,
      platformFen: 1000,
      abnormalRefundFen: 0,
      settled: [
        { resolution: 'cash', resolutionFen: 300 },
        { resolution: 'healed', resolutionFen: 0 },
        { resolution: 'his_supplement', resolutionFen: 500 },
      ],
    });
    expect(report).toMatchObject({
      platformFen: 1000,
      abnormalRefundFen: 300,
      bankArrivalFen: 700,
      differenceFen: 0,
    });
  });

  test('a quiet day is all zeros', () => {
    expect(
      dayStatistics({ hisFen: 0, platformFen: 0, abnormalRefundFen: 0, settled: [] }).bankArrivalFen,
    ).toBe(0);
  });
});
