import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { businessDay, shiftDay } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, readAnswer } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { type Hospital, merchantCode, password, startHospital } from '../harness/hospital';
import { reconcile } from '../harness/runs';
import { type S3Server, startS3 } from '../services/s3';

const china = { zone: 'Asia/Shanghai', dayCutoff: '00:00' };

interface Version {
  version: number;
  source: string;
  fetchedBy: string;
  sha256: string;
  payments: number;
  paymentFen: number;
}
interface Refusal {
  error: { name: string; details: { lineNo?: number | null } };
}
interface Calendar {
  accounts: { accountCode: string; days: { date: string; state: string; version: number | null }[] }[];
}

/** A hospital whose bills lie in S3-compatible storage; timed work is done when the test says so. */
describe('the bills of a day', () => {
  const clock = createTurnableClock(0);
  const date = businessDay(clock.now(), china);
  const orderNos: string[] = [];
  let s3: S3Server;
  let hospital: Hospital;

  beforeAll(async () => {
    s3 = await startS3();
    hospital = await startHospital({ clock, env: { ...s3.environment, ROLE: 'web' } });
    for (const [index, channel] of (['wechat', 'wechat', 'alipay'] as const).entries()) {
      const { body } = await hospital.call<{ status: string; orderNo: string }>('POST', '/api/v1/orders', {
        merchantOrderNo: `B${index}`,
        amountFen: 1999 + index,
        subject: '门诊缴费',
        scene: 'micropay',
        authCode: hospital.sandbox.patient.issueCode(channel),
      });
      expect(body).toMatchObject({ status: 'paid' });
      orderNos.push(body.orderNo);
    }
    await hospital.sandbox.notifications.settled();
    const morning = Date.parse(`${shiftDay(date, 1)}T10:30:00+08:00`);
    clock.turn(morning - clock.now().getTime());
  }, 120_000);
  afterAll(async () => {
    await hospital?.stop();
    await s3?.close();
  });

  async function run(accountCode: string) {
    const [run] = await reconcile(hospital.strapi(), { date, accountCode });
    if (!run) throw new Error('no run');
    return run;
  }

  async function upload<Body = Refusal>(
    person: 'finance' | 'ops',
    accountCode: string,
    day: string,
    bytes: Buffer,
  ): Promise<Answer<Body>> {
    const signIn = await fetch(`${hospital.url}/api/access/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: person, password }),
    });
    const { accessToken }: { accessToken: string } = await signIn.json();
    const address = `${hospital.url}/api/reconciliation/bills/${accountCode}/${day}/upload?fileName=bill.csv.gz`;
    return readAnswer<Body>(
      await fetch(address, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/octet-stream' },
        body: new Uint8Array(bytes),
      }),
    );
  }

  const versions = async (accountCode: string, kind = 'trade') => {
    const finance = await hospital.staff('finance');
    const address = `/api/reconciliation/bills/${accountCode}/${date}/versions?kind=${kind}`;
    return (await finance<{ versions: Version[] }>('GET', address)).body.versions;
  };

  async function stateOf(accountCode: string, day = date, kind = 'trade') {
    const finance = await hospital.staff('finance');
    const address = `/api/reconciliation/bills/calendar?from=${day}&to=${day}&kind=${kind}`;
    const { body } = await finance<Calendar>('GET', address);
    return body.accounts.find((account) => account.accountCode === accountCode)?.days[0];
  }

  /** The file as WeChat gave it, to be changed as a person might get it. */
  const received = (): string => {
    const raw = [...s3.objects].find(([name]) => name.includes('wechat-1') && name.endsWith('.gz'));
    if (!raw) throw new Error('no raw bill');
    return gunzipSync(raw[1]).toString('utf8');
  };
  const changed = (change: (text: string) => string): Buffer => gzipSync(change(received()));

  test('a bill that is due and that nobody has is a gap', async () => {
    expect(await stateOf('wechat-1')).toMatchObject({ state: 'missing' });
    expect(await stateOf('wechat-1', businessDay(clock.now(), china))).toMatchObject({ state: 'not_due' });
  });

  test('while the store is away a run waits, and nothing is half kept', async () => {
    s3.setDown(true);
    expect(await run('wechat-1')).toMatchObject({ status: 'deferred', errorCode: 'BILL_UNAVAILABLE' });
    s3.setDown(false);
    expect(await versions('wechat-1')).toEqual([]);
    expect(await stateOf('wechat-1')).toMatchObject({ state: 'waiting' });
  }, 30_000);

  test('a bill lies in the bucket as received, with its lines, and who had it fetched is known', async () => {
    expect(await run('wechat-1')).toMatchObject({ status: 'done' });
    const kept = await versions('wechat-1');
    expect(kept).toMatchObject([{ version: 1, source: 'run', fetchedBy: 'finance', payments: 2 }]);
    const names = [...s3.objects.keys()].map((name) => name.replace(/-[0-9a-f]{16}/, ''));
    expect(names.toSorted()).toEqual([
      `hospital/wechat-1/${date}/trade.gz`,
      `hospital/wechat-1/${date}/trade.gz.parquet`,
    ]);
    const raw = [...s3.objects].find(([name]) => name.endsWith('.gz'))?.[1] ?? Buffer.alloc(0);
    expect(createHash('sha256').update(raw).digest('hex')).toBe(kept[0]?.sha256);
    expect(await stateOf('wechat-1')).toMatchObject({ state: 'arrived', version: 1 });
    expect(s3.refused.filter((code) => code !== 'ServiceUnavailable' && code !== 'NoSuchKey')).toEqual([]);
  }, 30_000);

  test('a machine that has lost its copy fetches the lines again', async () => {
    const copies = path.join(hospital.folder, 'archive', 'wechat-1');
    expect(existsSync(copies)).toBe(true);
    rmSync(copies, { recursive: true });
    expect(await run('wechat-1')).toMatchObject({ status: 'done' });
    expect(readdirSync(path.join(copies, date))).toHaveLength(2);
    expect(await versions('wechat-1')).toHaveLength(1);
  }, 30_000);

  test.each([
    ['columns missing', (text: string) => text.replace('微信订单号', '另一列'), 'BILL_COLUMNS', 1],
    ['wrong totals', (text: string) => text.replace(/`39\.99/g, '`39.98'), 'BILL_TOTALS', 5],
    [
      "another merchant's lines",
      (text: string) => {
        const mchid = /^`[^`]*`[^`]*`([^`,]+)/m.exec(text)?.[1] ?? '';
        return text.replace(mchid, '1999999999');
      },
      'BILL_MERCHANT',
      2,
    ],
    ['another day', (text: string) => text.replaceAll(date, shiftDay(date, -1)), 'BILL_DAY', 2],
    ['a line that is none', (text: string) => text.replace('SUCCESS', 'PERHAPS'), 'BILL_LINE', 2],
    ['cut in half', (text: string) => text.slice(0, text.length / 2), 'BILL_TRUNCATED', null],
    [
      'a line twice',
      (text: string) => {
        const [header, first = '', ...rest] = text.split('\r\n');
        const sum = first.includes('`19.99') ? '59.98' : '59.99';
        const totals = (rest.at(-2) ?? '')
          .replace('`2,', '`3,')
          .replaceAll('`39.99', `\`${sum}`)
          .replace('`0.24000', '`0.36000');
        return [header, first, first, ...rest.slice(0, -2), totals, ''].join('\r\n');
      },
      'BILL_DUPLICATE',
      3,
    ],
  ])(
    'a file with %s is refused with its line, and leaves nothing',
    async (_, change, code, lineNo) => {
      const before = s3.objects.size;
      const { status, body } = await upload('finance', 'wechat-1', date, changed(change));
      expect([status, body.error.name, body.error.details.lineNo]).toEqual([422, code, lineNo]);
      expect(s3.objects.size).toBe(before);
      expect(await versions('wechat-1')).toHaveLength(1);
    },
    30_000,
  );

  test('an account without the right uploads nothing; a day to come has no bill', async () => {
    expect(
      (
        await upload(
          'ops',
          'wechat-1',
          date,
          changed((text) => text),
        )
      ).status,
    ).toBe(403);
    const tomorrow = shiftDay(businessDay(clock.now(), china), 1);
    const { body } = await upload(
      'finance',
      'wechat-1',
      tomorrow,
      changed((text) => text),
    );
    expect(body.error.name).toBe('DATE_IN_FUTURE');
  }, 30_000);

  test('a corrected bill of a reconciled day is its second version, and the run follows it', async () => {
    // A line of nothing is kept and counted as the bill counts it; it moves no money.
    const corrected = changed((text) => {
      const lines = text.split('\r\n');
      const nought = (lines[1] ?? '')
        .replace(/`\d{28}/, '`4200000000000000000000000000')
        .replace(/`20\.00|`19\.99/g, '`0.00')
        .replace('`0.12000', '`0.00000')
        .replace(orderNos[0] ?? '', 'NOUGHT')
        .replace(orderNos[1] ?? '', 'NOUGHT');
      lines.splice(1, 0, nought);
      const summary = lines.length - 2;
      lines[summary] = (lines[summary] ?? '').replace('`2,', '`3,');
      return lines.join('\r\n');
    });
    const { status, body } = await upload<Record<string, unknown>>('finance', 'wechat-1', date, corrected);
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { version: 2, before: 1, isNew: true, reconciled: true, lineCount: 3 },
    });
    const again = await upload<Record<string, unknown>>('finance', 'wechat-1', date, corrected);
    expect(again.body).toMatchObject({ version: 2, isNew: false });
    expect(await versions('wechat-1')).toMatchObject([
      { version: 1, source: 'run' },
      { version: 2, source: 'upload', fetchedBy: 'finance', payments: 3 },
    ]);
    expect(await stateOf('wechat-1')).toMatchObject({ state: 'uploaded', version: 2 });
    expect(await run('wechat-1')).toMatchObject({ status: 'done', counts: { channelFen: 3999 } });
    expect(await versions('wechat-1')).toHaveLength(2);
  }, 30_000);

  test('what changed between the two versions is told line by line', async () => {
    const finance = await hospital.staff('finance');
    const address = `/api/reconciliation/bills/wechat-1/${date}/difference?before=1&after=2`;
    expect((await finance('GET', address)).body).toMatchObject({
      added: { lines: 1, netFen: 0 },
      removed: { lines: 0 },
      changed: { lines: 0 },
      same: 2,
      changes: [{ change: 'added', kind: 'payment', after: { amountFen: 0 } }],
    });
    const none = await finance('GET', address.replace('after=2', 'after=9'));
    expect(none.body).toMatchObject({ error: { name: 'BILL_NOT_FOUND' } });
  });

  test('columns in another order, and one that nobody knows, give the same lines', async () => {
    const turned = changed((text) => {
      const lines = text.split('\r\n');
      return lines
        .map((line, place) => {
          // The summary at the end keeps its form.
          if (place >= lines.length - 3) return line;
          const tick = place === 0 ? '' : '`';
          const [first, ...others] = line.split(`,${tick}`);
          return [first, '新列', ...others.toReversed()].join(`,${tick}`);
        })
        .join('\r\n');
    });
    const { body } = await upload<{ version: number }>('finance', 'wechat-1', date, turned);
    expect(body).toMatchObject({ version: 3, lineCount: 2 });
    const finance = await hospital.staff('finance');
    const address = `/api/reconciliation/bills/wechat-1/${date}/difference?before=1&after=3`;
    expect((await finance('GET', address)).body).toMatchObject({ same: 2, changes: [] });
  }, 30_000);

  test('a raw bill is fetched as received by who may see patients', async () => {
    const [first] = await versions('wechat-1');
    const address = `/api/reconciliation/bills/wechat-1/${date}/file?version=1`;
    expect((await (await hospital.staff('ops'))('GET', address)).status).toBe(403);
    const file = await reconciliation(hospital.strapi()).bills.version({
      accountCode: 'wechat-1',
      date,
      kind: 'trade',
      version: 1,
    });
    expect(file.sha256).toBe(first?.sha256);
  });

  test('a raw bill that somebody has altered is not given out', async () => {
    const finance = await hospital.staff('finance');
    const address = `/api/reconciliation/bills/wechat-1/${date}/file?version=1`;
    const [first] = await versions('wechat-1');
    const copy = path.join(
      hospital.folder,
      `archive/wechat-1/${date}/trade-${first?.sha256.slice(0, 16)}.gz`,
    );
    const received = readFileSync(copy);
    writeFileSync(copy, gzipSync(gunzipSync(received).toString().replace('`19.99', '`19.98')));
    expect((await finance<Refusal>('GET', address)).body.error).toMatchObject({ name: 'BILL_ALTERED' });
    writeFileSync(copy, received);
  });

  test('fund-flow bills come by the schedule, and agree with the trade bill to the fen', async () => {
    const { fundFlows } = reconciliation(hospital.strapi()).bills;
    expect(await run('alipay-1')).toMatchObject({ status: 'done' });
    await fundFlows.sweep();
    for (const accountCode of ['alipay-1', 'wechat-1']) await fundFlows.work({ accountCode, date });
    for (const [accountCode, fen] of [
      ['alipay-1', 2001],
      ['wechat-1', 3999],
    ] as const) {
      expect(await stateOf(accountCode, date, 'fund-flow')).toMatchObject({ state: 'arrived' });
      expect(await versions(accountCode, 'fund-flow')).toMatchObject([
        { version: 1, source: 'schedule', paymentFen: fen },
      ]);
      const finance = await hospital.staff('finance');
      const { body } = await finance('GET', `/api/reconciliation/bills/${accountCode}/${date}/fund-flow`);
      expect(body).toMatchObject({ differing: 0, differences: [] });
    }
  }, 30_000);

  test('a bill of a closed day is refused', async () => {
    const { closings } = reconciliation(hospital.strapi());
    const closing = { merchantCode, kind: 'day' as const, period: date, by: 'admin', reason: '测试结账' };
    await closings.close(closing);
    const { status, body } = await upload(
      'finance',
      'wechat-1',
      date,
      changed((text) => `${text} `),
    );
    expect([status, body.error.name]).toEqual([409, 'PERIOD_CLOSED']);
  }, 30_000);
});
