import { reconciliation } from '@hospital-pay/reconciliation';
import { exampleCode, keepPastBills, seedDemo } from '@hospital-pay/seeds';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DateTime } from 'luxon';
import { type Platform, startPlatform } from '../harness/platform';
import { reconcile } from '../harness/runs';

const databases = ['sqlite', 'postgres'] as const;
/** What only a seed or a person's work changes: logs and messages are written by the platform as it runs. */
const tables = [
  'merchants',
  'terminals',
  'routes',
  'channel_accounts',
  'applications',
  'accounts',
  'orders',
  'attempts',
  'refunds',
  'his_records',
  'discrepancies',
  'daily_totals',
  'reconciliation_runs',
  'mixed_payments',
];
const dayAgo = (days: number) =>
  DateTime.now().setZone('Asia/Shanghai').minus({ days }).toFormat('yyyy-MM-dd');

describe.each(databases)('the demo hospital on %s', (database) => {
  let platform: Platform;
  let seconds = 0;

  beforeAll(async () => {
    platform = await startPlatform({
      database,
      env: { SANDBOX: 'true' },
      async prepare(strapi) {
        const started = Date.now();
        await seedDemo(strapi, { now: new Date(), scale: 1 });
        seconds = (Date.now() - started) / 1000;
      },
    });
  }, 120_000);
  afterAll(() => platform?.stop());

  const rows = () => platform.strapi().db.connection;
  async function fingerprint() {
    const counts: Record<string, unknown> = {};
    for (const table of tables)
      counts[table] = await rows()(table).count({ n: '*' }).max({ at: 'updated_at' }).first();
    return JSON.stringify(counts);
  }

  test('is loaded within seconds', async () => {
    expect(seconds).toBeLessThan(60);
    process.stdout.write(`seeded ${database} in ${seconds.toFixed(1)} s\n`);
    expect(Number((await rows()('orders').count({ n: '*' }).first())?.n)).toBeGreaterThan(5000);
  });

  test('has the bills of its past days once the gateways were asked for them, and asks once', async () => {
    const bills = async () =>
      rows()('bill_archives').orderBy(['account_code', 'kind']).select('account_code', 'kind', 'date');
    await keepPastBills(platform.strapi(), { days: 1 });
    const kept = await bills();
    expect(kept).toHaveLength(8);
    const { accounts } = await reconciliation(platform.strapi()).bills.calendar(null, {
      from: kept[0]?.date ?? '',
      to: kept[0]?.date ?? '',
      kind: 'trade',
    });
    const states = accounts.flatMap(({ channel, merchantCode, days }) =>
      ['alipay', 'wechat'].includes(channel) && merchantCode !== exampleCode ? days : [],
    );
    expect(states.map(({ state, arrivedLate }) => ({ state, arrivedLate }))).toEqual(
      Array.from({ length: 4 }, () => ({ state: 'arrived', arrivedLate: false })),
    );
    await keepPastBills(platform.strapi(), { days: 1 });
    expect(await bills()).toEqual(kept);
  }, 60_000);

  test('has mixed payments whose halves agree with HIS', async () => {
    const mixed: { mixed_no: string; total_fen: number | string }[] = await rows()('mixed_payments').select(
      'mixed_no',
      'total_fen',
    );
    expect(mixed).toHaveLength(8);
    for (const { mixed_no, total_fen } of mixed) {
      const halves: { order_no: string; paid_fen: number; recon_state: string }[] = await rows()('orders')
        .where({ mixed_no })
        .select('order_no', 'paid_fen', 'recon_state');
      expect(halves.map(({ recon_state }) => recon_state)).toEqual(['normal', 'normal']);
      expect(halves.reduce((sum, half) => sum + Number(half.paid_fen), 0)).toBe(Number(total_fen));
      const booked = await rows()('his_records')
        .whereIn(
          'order_no',
          halves.map(({ order_no }) => order_no),
        )
        .sum({ fen: 'amount_fen' })
        .first();
      expect(Number(booked?.fen)).toBe(Number(total_fen));
    }
  });

  test('is left alone by a second call', async () => {
    const before = await fingerprint();
    const started = Date.now();
    await seedDemo(platform.strapi(), { now: new Date(Date.now() + 86_400_000) });
    expect(Date.now() - started).toBeLessThan(500);
    expect(await fingerprint()).toBe(before);
  });

  test('comes up again after a restart with the books as they were', async () => {
    const before = await rows()('orders').count({ n: '*' }).first();
    await platform.restart();
    expect(await rows()('orders').count({ n: '*' }).first()).toEqual(before);
  }, 60_000);

  test.each([3, 4, 5, 6, 7, 16, 25])(
    'the day %i days ago reconciles again to what is on the books',
    async (ago) => {
      const date = dayAgo(ago);
      const read = () =>
        rows()('daily_totals')
          .where({ date })
          .whereNot({ merchant_code: exampleCode })
          .orderBy('account_code')
          .select(
            'account_code',
            'his_fen',
            'platform_fen',
            'channel_fen',
            'fee_fen',
            'difference_fen',
            'his_count',
            'platform_count',
            'channel_count',
          );
      const cases = () =>
        rows()('discrepancies')
          .where({ date })
          .whereNot({ merchant_code: exampleCode })
          .orderBy('dedupe_key')
          .select('dedupe_key', 'kind', 'status', 'difference_fen');
      const before = [await read(), await cases()];
      for (const accountCode of ['alipay-demo-e', 'wechat-demo-e', 'alipay-demo-w', 'wechat-demo-w']) {
        const [run] = await reconcile(platform.strapi(), { date, accountCode });
        expect([accountCode, run?.status, run?.errorMessage]).toEqual([accountCode, 'done', null]);
      }
      expect([await read(), await cases()]).toEqual(before);
    },
    60_000,
  );
});
