import { exampleCode, seedDemo } from '@hospital-pay/seeds';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readAnswer } from '../harness/client';
import { password } from '../harness/hospital';
import { type Platform, startPlatform } from '../harness/platform';

interface Line {
  payType: string;
  hisFen: number;
  platformFen: number;
  differenceFen: number;
}
interface Summary {
  byType: Line[];
  byDay: (Line & { date: string })[];
}
interface Statistics {
  hisFen: number;
  platformFen: number;
  abnormalRefundFen: number;
  differenceFen: number;
  bankArrivalFen: number;
  refundsByMethod: Record<string, number>;
  handled: number;
  open: number;
  refundDetail: {
    orderNo: string;
    amountFen: number;
    method: string;
    refundedAt: string;
    occurredAt: string;
  }[];
  sameDayDetail: { orderNo: string; amountFen: number }[];
  differenceDetail: { differenceFen: number }[];
}

const yuan = (fen: number): string => {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
const cells = ({ payType, hisFen, platformFen, differenceFen }: Line) => [
  payType,
  ...[hisFen, platformFen, differenceFen].map(yuan),
];

describe.each(['sqlite', 'postgres'] as const)('the reference hospital over HTTP on %s', (database) => {
  let platform: Platform;
  let token = '';

  beforeAll(async () => {
    platform = await startPlatform({
      database,
      env: { SANDBOX: 'true' },
      async prepare(strapi) {
        await seedDemo(strapi, { now: new Date(), scale: 0.05 });
      },
    });
    const signIn = await fetch(`${platform.url}/api/access/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'finance', password }),
    });
    token = (await readAnswer<{ accessToken: string }>(signIn)).body.accessToken;
  }, 120_000);
  afterAll(() => platform?.stop());

  async function ask<Body>(question: string): Promise<Body> {
    const response = await fetch(
      `${platform.url}/api/reconciliation/${question}&merchantCode=${exampleCode}`,
      {
        headers: { authorization: `Bearer ${token}` },
      },
    );
    expect(response.status).toBe(200);
    return (await readAnswer<Body>(response)).body;
  }

  test.each([
    [
      '2018-10-01',
      '2018-10-07',
      [
        ['alipay', '1557083.10', '1525760.80', '-31322.30'],
        ['wechat', '1425873.20', '1405525.30', '-20347.90'],
      ],
    ],
    [
      '2018-07-01',
      '2018-09-30',
      [
        ['alipay', '53623629.06', '53465419.02', '-158210.04'],
        ['wechat', '52874011.53', '52780393.47', '-93618.06'],
      ],
    ],
  ])('the totals of %s to %s stand as published', async (from, to, expected) => {
    const { byType, byDay } = await ask<Summary>(`summary?from=${from}&to=${to}`);
    expect(byType.map(cells)).toEqual(expected);
    for (const total of byType) {
      const days = byDay.filter(({ payType }) => payType === total.payType);
      for (const side of ['hisFen', 'platformFen', 'differenceFen'] as const) {
        expect(days.reduce((sum, row) => sum + row[side], 0)).toBe(total[side]);
      }
    }
  });

  test.each([
    ['2018-09-10', 'wechat', '694046.58', '693720.29', '-326.29'],
    ['2018-09-10', 'alipay', '946095.63', '947074.09', '978.46'],
    ['2018-09-24', 'wechat', '28040.60', '28040.60', '0.00'],
    ['2018-09-11', 'wechat', '485962.17', '486462.27', '500.10'],
    ['2018-09-11', 'alipay', '575525.68', '576675.68', '1150.00'],
    ['2018-09-12', 'wechat', '675262.86', '673732.86', '-1530.00'],
  ])('the day %s of %s stands as published', async (date, payType, his, platformSide, difference) => {
    const { byDay } = await ask<Summary>(`summary?from=${date}&to=${date}&payType=${payType}`);
    expect(byDay.map((row) => [row.date, ...cells(row)])).toEqual([
      [date, payType, his, platformSide, difference],
    ]);
  });

  test('the statistics of 2018-10-18 stand as published', async () => {
    const report = await ask<Statistics>('statistics?date=2018-10-18');
    expect(
      [
        report.hisFen,
        report.platformFen,
        report.abnormalRefundFen,
        report.differenceFen,
        report.bankArrivalFen,
      ].map(yuan),
    ).toEqual(['785185.42', '674428.29', '4385.00', '110757.13', '670043.29']);
    const { online = 0, cash = 0, other = 0 } = report.refundsByMethod;
    expect([online, cash, other].map(yuan)).toEqual(['4385.00', '0.00', '0.00']);
    const day = (moment: string) => new Date(Date.parse(moment) + 8 * 3_600_000).toISOString().slice(0, 10);
    expect(
      report.refundDetail.map((row) => [
        row.orderNo.slice(-16),
        yuan(row.amountFen),
        row.method,
        day(row.refundedAt),
        day(row.occurredAt),
      ]),
    ).toEqual([
      ['1171541053111163', '200.00', 'online_refund', '2018-10-18', '2018-10-17'],
      ['1171557073521442', '185.00', 'online_refund', '2018-10-18', '2018-10-17'],
      ['1171813199251541', '4000.00', 'online_refund', '2018-10-18', '2018-10-17'],
    ]);
    expect(report.sameDayDetail).toMatchObject([{ orderNo: '20181018070353264912', amountFen: 13000 }]);
    expect(yuan(report.differenceDetail.reduce((sum, row) => sum + row.differenceFen, 0))).toBe('110757.13');
    expect([report.handled, report.open]).toEqual([report.differenceDetail.length, 0]);
  });
});
