import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { manifest as wechat } from '@hospital-pay/channel-wechat';
import { type Clock, systemClock } from '@hospital-pay/jobs';
import { businessDay, completeRow, shiftDay } from '@hospital-pay/payments';
import { type Reconciliation, type Run, reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { dayOf, writeDayBill, wrongCases } from '../bench/reconcile';
import { accountCode, channel, openDayChannel } from '../bench/reconcile/day-channel';
import { fillDay } from '../bench/reconcile/fill';
import { createEmptyHouse } from '../harness/empty-house';
import { engineProcesses } from '../harness/engine-processes';
import { type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { type SecondProcess, startSecond } from '../harness/second';
import { until } from '../harness/waiting';
import { startPostgres } from '../services/postgres';

const day = dayOf(3000);

/** A long day, its bill, and two processes that may reconcile it; a lock on a table holds a run where it is. */
describe('a run of reconciliation', () => {
  let aheadMs = 0;
  const clock: Clock = { now: () => new Date(Date.now() + aheadMs), after: systemClock.after };
  let hospital: Hospital;
  let second: SecondProcess;
  let runs: Reconciliation['runs'];
  let bill = '';
  let stopDatabase = () => {};

  beforeAll(async () => {
    const server = await startPostgres();
    stopDatabase = () => server.stop();
    const folder = fs.mkdtempSync('/tmp/hospital-pay-runs-');
    bill = path.join(folder, 'bill.csv.gz');
    await writeDayBill(day, 'wechat', bill);
    const secret = randomBytes(32).toString('base64');
    const env = {
      DATABASE_URL: await createEmptyHouse(server),
      SECRETS_KEY: secret,
      JWT_SECRET: secret,
      ARCHIVE_DIR: path.join(folder, 'archive'),
    };
    hospital = await startHospital({
      env,
      clock,
      prepare: (strapi) => openDayChannel(strapi, wechat, bill, merchantCode),
    });
    await fillDay(db(), day, accountCode, channel);
    await haveYesterdayDone();
    runs = reconciliation(hospital.strapi()).runs;
    second = await startSecond({ ...env, DAY_BILL: bill });
  }, 120_000);
  afterAll(async () => {
    await second?.kill();
    await hospital?.stop();
    stopDatabase();
    fs.rmSync(path.dirname(bill), { recursive: true, force: true });
  });

  const db = () => hospital.strapi().db.connection;
  /** Else a slow machine's sweep would request it, and hold the one place of the queue at a locked table. */
  async function haveYesterdayDone(): Promise<void> {
    const now = clock.now();
    const date = shiftDay(businessDay(now, { zone: 'Asia/Shanghai', dayCutoff: '00:00' }), -1);
    const codes: string[] = await db()('channel_accounts').pluck('code');
    const done = { merchantCode, channel, date, status: 'done', createdTime: now };
    for (const code of codes) {
      await db()('reconciliation_runs').insert(
        completeRow(db(), { ...done, runNo: `yesterday of ${code}`, accountCode: code }, now),
      );
    }
  }
  const rowOf = async (runNo: string): Promise<Run> => {
    const run = await runs.get(runNo);
    if (!run) throw new Error(`no run ${runNo}`);
    return run;
  };
  const isOver = ({ status }: Run) => ['done', 'failed', 'cancelled'].includes(status);
  const over = (runNo: string) => until(() => rowOf(runNo), isOver);
  async function request(): Promise<string> {
    const [run] = await runs.request({ date: day.date, accountCode, requestedBy: 'finance' });
    return run?.runNo ?? '';
  }
  const books = async () =>
    JSON.stringify([await db()('discrepancies').orderBy('id'), await db()('daily_totals').orderBy('id')]);

  /** While a table is locked, a run that comes to it waits there. */
  async function locked(table: string, mode: string, work: () => Promise<void>): Promise<void> {
    const lock: Knex.Transaction = await db().transaction();
    try {
      await lock.raw(`LOCK TABLE ${table} IN ${mode} MODE`);
      await work();
    } finally {
      await lock.rollback();
    }
  }
  const whileReading = (work: () => Promise<void>) => locked('his_records', 'ACCESS EXCLUSIVE', work);
  const whileWriting = (work: () => Promise<void>) => locked('daily_totals', 'ACCESS EXCLUSIVE', work);

  test('tells its stage on its row, and can be ended from another process without leaving anything', async () => {
    await whileReading(async () => {
      const runNo = await request();
      await until(
        () => rowOf(runNo),
        ({ stage }) => stage === 'extracting',
      );
      const signIn = await fetch(`${second.url}/api/access/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'finance', password: 'Hospital@2026' }),
      });
      const { accessToken }: { accessToken: string } = await signIn.json();
      const cancelled = await fetch(`${second.url}/api/reconciliation/runs/${runNo}/cancel`, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}` },
      });
      expect([cancelled.status, (await cancelled.json()).status]).toEqual([200, 'cancelled']);
      // The one that read the bill waits for more.
      await until(engineProcesses, (pids) => pids.length <= 1);
      expect(await rowOf(runNo)).toMatchObject({ status: 'cancelled', stage: 'extracting' });
    });
    expect(await db()('discrepancies').where({ account_code: accountCode })).toEqual([]);
    expect(await db()('daily_totals').where({ account_code: accountCode })).toEqual([]);
  }, 40_000);

  test('whose own process is killed while it reads fails by name, and books nothing', async () => {
    const waiting = engineProcesses();
    const isNew = (pid: number) => !waiting.includes(pid);
    const early = await request();
    const [reader = 0] = await until(
      () => engineProcesses().filter(isNew),
      (pids) => pids.length > 0,
    );
    process.kill(reader, 'SIGKILL');
    expect(await over(early)).toMatchObject({ status: 'failed', errorCode: 'INTERNAL' });
    await whileReading(async () => {
      const runNo = await request();
      await until(
        () => rowOf(runNo),
        ({ stage }) => stage === 'extracting',
      );
      for (const pid of engineProcesses()) process.kill(pid, 'SIGKILL');
      const run = await over(runNo);
      expect(run).toMatchObject({ status: 'failed', errorCode: 'INTERNAL', stage: 'extracting' });
      expect(run.errorMessage).toContain('SIGKILL');
    });
    expect(await db()('discrepancies').where({ account_code: accountCode })).toEqual([]);
    expect(
      fs.readdirSync(path.join(path.dirname(bill), 'archive', accountCode, day.date)),
    ).not.toContainEqual(expect.stringMatching(/\.part$/));
  }, 40_000);

  test('cannot be ended any more once it writes, and then finds every difference', async () => {
    const runNo = await request();
    await whileWriting(async () => {
      await until(
        () => rowOf(runNo),
        ({ status }) => status === 'writing',
      );
      const finance = await hospital.staff('finance');
      const refused = await finance('POST', `/api/reconciliation/runs/${runNo}/cancel`);
      expect(refused).toMatchObject({ status: 409, body: { error: { name: 'RUN_NOT_CANCELLABLE' } } });
    });
    const run = await over(runNo);
    expect(run).toMatchObject({ status: 'done', stage: null });
    const stages = ['importing', 'extracting', 'clearing', 'matching', 'writing'];
    expect(Object.keys(Object(run.counts?.milliseconds)).toSorted()).toEqual(stages.toSorted());
    expect(await wrongCases(db(), day)).toEqual([]);
  }, 40_000);

  test('at the same time as another of the same day comes to the same result', async () => {
    await db()('discrepancies').where({ account_code: accountCode }).delete();
    await db()('daily_totals').where({ account_code: accountCode }).delete();
    let own = '';
    let there: Promise<unknown> = Promise.resolve();
    await whileWriting(async () => {
      const isWriting = ({ status }: Run) => status === 'writing';
      own = await request();
      await until(() => rowOf(own), isWriting);
      const other = await request();
      there = second.reconcile(other);
      await until(() => rowOf(other), isWriting);
    });
    expect([(await over(own)).status, await there]).toEqual(['done', 'done']);
    expect(await wrongCases(db(), day)).toEqual([]);
    expect(await db()('daily_totals').where({ account_code: accountCode })).toHaveLength(1);
  }, 40_000);

  test('whose whole house loses power while it writes is taken up by the other, and ends the same', async () => {
    await db()('discrepancies').where({ account_code: accountCode }).delete();
    await db()('daily_totals').where({ account_code: accountCode }).delete();
    let runNo = '';
    await whileWriting(async () => {
      // Queued in the table alone, so that only the other process is asked to run it.
      runNo = `R-power-${Date.now()}`;
      const now = clock.now();
      const common = { merchant_code: merchantCode, channel, account_code: accountCode, date: day.date };
      await db()('reconciliation_runs').insert({
        ...common,
        run_no: runNo,
        status: 'queued',
        requested_by: 'finance',
        created_time: now,
        updated_at: now,
      });
      void second.reconcile(runNo).catch(() => undefined);
      await until(
        () => rowOf(runNo),
        ({ status }) => status === 'writing',
      );
      await second.kill();
    });
    expect(await db()('discrepancies').where({ account_code: accountCode })).toEqual([]);
    await runs.sweep();
    expect(await rowOf(runNo)).toMatchObject({ status: 'writing' });
    aheadMs += 3 * 60_000;
    await runs.sweep();
    expect(await over(runNo)).toMatchObject({ status: 'done' });
    expect(await wrongCases(db(), day)).toEqual([]);
  }, 60_000);

  test('whose bill has a line that is none names the file and the line, and leaves the day as it was', async () => {
    const before = await books();
    const whole = fs.readFileSync(bill);
    const lines = gunzipSync(whole).toString().split('\r\n');
    lines[1233] = lines[1233]?.replace('CNY', 'CNY,`more') ?? '';
    fs.writeFileSync(bill, gzipSync(lines.join('\r\n')));
    const failed = await over(await request());
    expect(failed).toMatchObject({
      status: 'failed',
      errorCode: 'BILL_LINE',
      stage: 'importing',
      fileName: bill,
      lineNo: 1234,
    });
    expect(await books()).toBe(before);
    fs.writeFileSync(bill, whole);
    expect(await over(await request())).toMatchObject({ status: 'done', errorCode: null, lineNo: null });
    expect(await books()).toBe(before);
  }, 40_000);
});
