import { reconciliation } from '@hospital-pay/reconciliation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signedHeaders } from '../harness/client';
import { type Hospital, merchantCode, startHospital } from '../harness/hospital';

interface Failure {
  error: { name: string; message: string; details: { fields?: string[] } };
}
interface Batch {
  results: { hisSerialNo: string | null; result: string; error?: { code: string; fields?: string[] } }[];
  counts: Record<string, number>;
}

const record = (hisSerialNo: string, more: Record<string, unknown> = {}) => ({
  hisSerialNo,
  kind: 'charge',
  amountFen: 50000,
  payType: '微信',
  orderNo: '1301178801201810190900081161779',
  bizType: '自助机门诊',
  patientName: '李小四',
  cardNo: '0003276083',
  occurredAt: '2026-10-19 00:00:26',
  ...more,
});

describe.each(['sqlite', 'postgres'] as const)('HIS records on %s', (database) => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await startHospital({ database, merchant: { graceSeconds: 600 } });
  }, 120_000);
  afterAll(() => hospital?.stop());

  const put = <Body>(body: unknown) => hospital.call<Body>('POST', '/api/v1/his-records', body);
  const putBatch = <Body>(records: unknown[]) =>
    hospital.call<Body>('POST', '/api/v1/his-records/batch', { records });
  const stored = (hisSerialNo: string) =>
    hospital
      .strapi()
      .db.query('api::his-record.his-record')
      .findOne({ where: { merchantCode, hisSerialNo } });

  test('a record is created once, the same again is unchanged, another body corrects it', async () => {
    expect(await put(record('s1'))).toEqual({ status: 201, body: { hisSerialNo: 's1', result: 'created' } });
    expect(await put(record('s1'))).toEqual({
      status: 200,
      body: { hisSerialNo: 's1', result: 'unchanged' },
    });
    expect(await put(record('s1', { amountFen: 50001, cardNo: null }))).toEqual({
      status: 200,
      body: { hisSerialNo: 's1', result: 'updated' },
    });
    expect(await stored('s1')).toMatchObject({
      amountFen: '50001',
      cardNo: null,
      payType: 'wechat',
      settledOn: '2026-10-19',
      status: 'booked',
      documentId: expect.stringMatching(/^[a-z0-9]{24}$/),
    });
  });

  test('a voided record stays, marked', async () => {
    await put(record('s2'));
    await put(record('s2', { status: 'voided' }));
    expect(await stored('s2')).toMatchObject({ status: 'voided' });
  });

  test('a bad record names its fields and stores nothing', async () => {
    const answer = await put<Failure>(record('s3', { amountFen: -1, occurredAt: 'yesterday' }));
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({
      name: 'HIS_RECORD_INVALID',
      details: { fields: ['amountFen', 'occurredAt'] },
    });
    expect(await stored('s3')).toBeNull();
  });

  test('in a batch every row is answered, and good rows land beside bad ones', async () => {
    const { status, body } = await putBatch<Batch>([
      record('b1'),
      record('b2', { amountFen: 0 }),
      record('b1'),
      record('b1', { amountFen: 1 }),
      'nonsense',
      record('b3', { kind: 'refund', refundNo: 'R1' }),
    ]);
    expect(status).toBe(200);
    expect(body.results.map((row) => [row.hisSerialNo, row.result, row.error?.code])).toEqual([
      ['b1', 'created', undefined],
      ['b2', 'error', 'HIS_RECORD_INVALID'],
      ['b1', 'unchanged', undefined],
      ['b1', 'error', 'HIS_SERIAL_REPEATED'],
      [null, 'error', 'HIS_RECORD_INVALID'],
      ['b3', 'created', undefined],
    ]);
    expect(body.counts).toEqual({ created: 2, updated: 0, unchanged: 1, error: 3 });
    expect(await stored('b3')).toMatchObject({ kind: 'refund', refundNo: 'R1' });
  });

  test('ten thousand records land in one batch while they are compared, and again change nothing', async () => {
    const records = Array.from({ length: 10_000 }, (_, index) =>
      record(`bulk-${index}`, { orderNo: `bulk-${index}`, amountFen: 100 + index }),
    );
    const started = Date.now();
    const first = await putBatch<Batch>(records);
    const firstMs = Date.now() - started;
    expect(first.body.counts).toEqual({ created: 10_000, updated: 0, unchanged: 0, error: 0 });
    const again = await putBatch<Batch>(records);
    const againMs = Date.now() - started - firstMs;
    expect(again.body.counts).toEqual({ created: 0, updated: 0, unchanged: 10_000, error: 0 });
    await reconciliation(hospital.strapi()).settled();
    const settledMs = Date.now() - started;
    process.stdout.write(
      `10,000 HIS records on ${database}: ${firstMs} ms, again ${againMs} ms, all compared after ${settledMs} ms\n`,
    );
    const tooMany = await putBatch<Failure>([...records, record('one-more')]);
    expect(tooMany).toMatchObject({ status: 400, body: { error: { name: 'HIS_BATCH_INVALID' } } });
  }, 120_000);

  test('two pushes of one record at once leave one row', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => put(record('race'))));
    expect(answers.every(({ status }) => status === 200 || status === 201)).toBe(true);
    const rows = await hospital
      .strapi()
      .db.query('api::his-record.his-record')
      .count({ where: { hisSerialNo: 'race' } });
    expect(rows).toBe(1);
  });

  test('an unsigned, a forged and a replayed request store nothing', async () => {
    const path = '/api/v1/his-records';
    const body = JSON.stringify(record('forged'));
    const send = (headers: Record<string, string>) =>
      fetch(hospital.url + path, { method: 'POST', headers, body });
    expect((await send({ 'content-type': 'application/json' })).status).toBe(401);
    const forged = signedHeaders(
      { ...hospital.application, secret: 'guessed' },
      { method: 'POST', path, body },
    );
    expect((await send(forged)).status).toBe(401);
    expect(await stored('forged')).toBeNull();
    const good = signedHeaders(hospital.application, { method: 'POST', path, body });
    expect((await send(good)).status).toBe(201);
    expect((await send(good)).status).toBeGreaterThanOrEqual(400);
  });

  test('the paths are part of the published description', async () => {
    const response = await fetch(`${hospital.url}/api/v1/openapi.json`);
    const document: { paths: Record<string, unknown>; components: { schemas: Record<string, unknown> } } =
      await response.json();
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/v1/his-records', '/api/v1/his-records/batch']),
    );
    expect(Object.keys(document.components.schemas)).toContain('HisRecord');
  });
});
