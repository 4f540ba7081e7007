import { crc32, gunzipSync, gzipSync } from 'node:zlib';
import { businessDay } from '@hospital-pay/payments';
import type { Run } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTurnableClock } from '../harness/clock';
import { alipayCode, type Hospital, startHospital, wechatCode } from '../harness/hospital';
import { keptCredentials } from '../harness/kept';
import { reconcile } from '../harness/runs';
import { type Intermediary, startIntermediary } from './intermediary';

const dayMs = 24 * 3_600_000;
const isBillFile = (path: string) => path.includes('fileId=') || path.includes('billdownload/file');

/** An archive of one stored file, as a gateway would send it. */
function archiveOf(name: string, content: Buffer): Buffer {
  const title = Buffer.from(name);
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(crc32(content), 0);
  sizes.writeUInt32LE(content.length, 4);
  sizes.writeUInt32LE(content.length, 8);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  sizes.copy(local, 14);
  local.writeUInt16LE(title.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 4);
  central.writeUInt16LE(20, 6);
  sizes.copy(central, 16);
  central.writeUInt16LE(title.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + title.length, 12);
  end.writeUInt32LE(local.length + title.length + content.length, 16);
  return Buffer.concat([local, title, content, central, title, end]);
}

describe('bills that must not be booked', () => {
  const clock = createTurnableClock(0);
  let between: Intermediary;
  let hospital: Hospital;
  let gateways: { close(): Promise<void> };
  let date: string;

  beforeAll(async () => {
    between = await startIntermediary();
    hospital = await startHospital({
      clock,
      gateways: { url: between.url, credentials: keptCredentials() },
    });
    const served = await hospital.sandbox.listen(0);
    gateways = served;
    between.leadTo(served.port);
    date = businessDay(clock.now(), { zone: 'Asia/Shanghai', dayCutoff: '00:00' });
    for (const authCode of [alipayCode(), alipayCode(), wechatCode(), wechatCode()]) {
      const { body } = await hospital.call('POST', '/api/v1/orders', {
        merchantOrderNo: `B${authCode}`,
        amountFen: 1999,
        subject: '门诊缴费',
        scene: 'micropay',
        authCode,
      });
      expect(body).toMatchObject({ status: 'paid' });
    }
    await hospital.sandbox.notifications.settled();
    // Past ten o'clock of the next morning wherever this day stands.
    clock.turn(dayMs + 11 * 3_600_000);
  }, 120_000);
  afterAll(async () => {
    await hospital?.stop();
    await gateways?.close();
    between?.close();
  });

  const tables = () => hospital.strapi().db.connection;
  // Of this day alone: in the evening the turned clock stands a day further, whose own scheduled run books another.
  const booked = async (accountCode: string) => {
    const [row]: { lines: number | string }[] = await tables()('bill_archives')
      .where({ account_code: accountCode, date })
      .count({ lines: '*' });
    const totals: unknown[] = await tables()('daily_totals')
      .where({ account_code: accountCode, date })
      .select();
    return { archives: Number(row?.lines), totals: totals.length };
  };

  async function run(accountCode: string): Promise<Run> {
    const [run] = await reconcile(hospital.strapi(), { date, accountCode });
    if (!run) throw new Error('no run');
    return run;
  }

  const gbk = (bytes: Buffer) => Buffer.concat([Buffer.from('#'), bytes]);
  const garbage = gbk(Buffer.from([0xd6, 0xff, 0x81, 0x20, 0x0d, 0x0a, 0xff, 0xff]));

  test.each([
    [
      'alipay-1',
      'cut in half',
      (body: Buffer) => body.subarray(0, body.length / 2),
      'failed',
      'BILL_TRUNCATED',
    ],
    ['alipay-1', 'empty', () => Buffer.alloc(0), 'failed', 'BILL_TRUNCATED'],
    ['alipay-1', 'a page', () => Buffer.from('<html>请登录</html>'), 'deferred', 'BILL_UNAVAILABLE'],
    ['alipay-1', 'no GBK', () => archiveOf('20881_业务明细.csv', garbage), 'failed', 'BILL_ENCODING'],
    [
      'wechat-1',
      'cut in half',
      (body: Buffer) => body.subarray(0, body.length / 2),
      'failed',
      'BILL_TRUNCATED',
    ],
    ['wechat-1', 'empty', () => Buffer.alloc(0), 'failed', 'BILL_HASH'],
    [
      'wechat-1',
      'of another amount',
      (body: Buffer) => gzipSync(gunzipSync(body).toString().replace('19.99', '19.98')),
      'failed',
      'BILL_HASH',
    ],
    ['wechat-1', 'a page', () => Buffer.from('<html>请登录</html>'), 'failed', 'BILL_HASH'],
  ])(
    'of %s, %s: nothing is booked and the run says why',
    async (accountCode, _, change, status, errorCode) => {
      between.alter(({ path, body }) => (isBillFile(path) ? change(body) : body));
      const before = await booked(accountCode);
      try {
        expect(await run(accountCode)).toMatchObject({ status, errorCode });
        expect(await booked(accountCode)).toEqual(before);
      } finally {
        between.alter(undefined);
      }
    },
    30_000,
  );

  test('an account that was disabled since is reconciled for the day it took money', async () => {
    const accounts = hospital.strapi().db.query('api::channel-account.channel-account');
    await accounts.update({ where: { code: 'wechat-1' }, data: { enabled: false } });
    try {
      const runs = await reconcile(hospital.strapi(), { date });
      expect(runs.map(({ accountCode }) => accountCode)).toEqual(['alipay-1', 'wechat-1']);
    } finally {
      await accounts.update({ where: { code: 'wechat-1' }, data: { enabled: true } });
    }
  }, 30_000);

  test('a gateway that cannot be reached defers the run', async () => {
    between.setDown(true);
    try {
      const deferred = await run('wechat-1');
      expect(deferred).toMatchObject({ status: 'deferred', errorCode: 'BILL_UNAVAILABLE' });
    } finally {
      between.setDown(false);
    }
  }, 30_000);

  test('a bill that is not out yet defers the run without an error', async () => {
    hospital.sandbox.faults.add({
      channel: 'wechat',
      operation: 'bill',
      kind: 'business_error',
      code: 'STATEMENT_CREATING',
      times: 1,
    });
    expect(await run('wechat-1')).toMatchObject({ status: 'deferred', errorCode: null });
    hospital.sandbox.faults.clear();
  }, 30_000);

  test.each(['alipay-1', 'wechat-1'])(
    'the same day of %s repeated with the whole bill is done and finds nothing wrong at the channel',
    async (accountCode) => {
      const repeated = await run(accountCode);
      expect(repeated).toMatchObject({ status: 'done', errorCode: null });
      const wrong: unknown[] = await tables()('discrepancies')
        .where({ account_code: accountCode })
        .whereIn('kind', ['channel_only', 'amount'])
        .select('kind', 'order_no');
      expect(wrong).toEqual([]);
      expect((await booked(accountCode)).archives).toBeGreaterThan(0);
    },
    30_000,
  );
});
