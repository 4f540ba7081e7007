import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { access } from '@hospital-pay/access';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createEmptyHouse } from '../harness/empty-house';
import { type Hospital, startHospital } from '../harness/hospital';
import { type SecondProcess, startSecond } from '../harness/second';
import { startPostgres } from '../services/postgres';

const uid = 'api::audit-entry.audit-entry';
const root = path.resolve(__dirname, '..', '..');

describe.each(['sqlite', 'postgres'] as const)('the audit trail on %s', (database) => {
  let hospital: Hospital;
  let second: SecondProcess | undefined;
  let env: Record<string, string>;
  let stopDatabase: (() => void) | undefined;

  beforeAll(async () => {
    const secret = randomBytes(32).toString('base64');
    env = { SECRETS_KEY: secret, JWT_SECRET: secret };
    if (database === 'postgres') {
      const server = await startPostgres();
      stopDatabase = () => server.stop();
      env.DATABASE_URL = await createEmptyHouse(server);
    }
    hospital = await startHospital({ env });
    // A second process of the same house; SQLite has one.
    if (database === 'postgres') {
      second = await startSecond(env);
    } else env.DATABASE_FILENAME = path.join(hospital.folder, 'platform.db');
  }, 120_000);
  afterAll(async () => {
    await second?.stop();
    await hospital.stop();
    stopDatabase?.();
  });

  const entries = () => hospital.strapi().db.query(uid);
  async function verify(changes: Record<string, string> = {}) {
    const script = path.join(root, 'scripts', 'audit-verify.mjs');
    const clean = { ...process.env, DATABASE_URL: '', ...env, ...changes };
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [script], { env: clean });
      return { code: 0, said: stdout };
    } catch (error) {
      const code: unknown = Reflect.get(Object(error), 'code');
      return { code, said: `${Reflect.get(Object(error), 'stdout')}${Reflect.get(Object(error), 'stderr')}` };
    }
  }

  test('two hundred writers at the same time make one chain, whichever process they are in', async () => {
    const before = await entries().count({});
    const { audit } = access(hospital.strapi());
    const here = second ? 100 : 200;
    await Promise.all([
      second?.ask('audit', 100),
      ...Array.from({ length: here }, (_, index) =>
        audit.write({
          actor: 'super',
          action: 'update',
          subject: 'stress',
          subjectKey: String(index),
          before: null,
          after: { index, note: '改动', nested: [{ b: 1, a: null }] },
        }),
      ),
    ]);
    expect(await entries().count({})).toBe(before + 200);
    expect(await audit.verifyChain()).toMatchObject({ ok: true });
  }, 60_000);

  test('a writer that fails lets the next one through', async () => {
    const { audit } = access(hospital.strapi());
    const tooLong = 'x'.repeat(5000);
    const entry = { action: 'update', subject: 'stress' };
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const results = await Promise.allSettled([
      audit.write({ ...entry, actor: database === 'postgres' ? tooLong : 'super' }),
      Promise.resolve().then(() => audit.write({ ...entry, actor: 'super', after: circular })),
      audit.write({ ...entry, actor: 'super' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      database === 'postgres' ? 'rejected' : 'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await audit.verifyChain()).toMatchObject({ ok: true });
  });

  test('is verified from outside; the first entry that was touched is named', async () => {
    expect(await verify()).toMatchObject({ code: 0, said: expect.stringMatching(/^ok: \d+/) });
    const touched = await entries().findOne({ where: { subject: 'stress', subjectKey: '7' } });
    await entries().update({ where: { id: touched.id }, data: { actor: 'somebody' } });
    const broken = await verify();
    expect(broken).toMatchObject({
      code: 1,
      said: expect.stringContaining(`entry ${touched.id} was changed`),
    });
    await entries().update({ where: { id: touched.id }, data: { actor: 'super' } });
    expect((await verify()).code).toBe(0);
  });

  test('that cannot be read is not said to be whole', async () => {
    const nowhere =
      database === 'postgres'
        ? { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
        : { DATABASE_FILENAME: '/nowhere/at/all.db' };
    expect((await verify(nowhere)).code).toBe(2);
  });
});
