import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { monitoring } from '@hospital-pay/monitoring';
import { dateValue, isPostgres, payments } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signedHeaders } from '../harness/client';
import { alipayCode, application, type Hospital, startHospital } from '../harness/hospital';
import { type S3Server, startS3 } from '../services/s3';

interface Page {
  data: { orderNo: string; documentId: string; at: string }[];
  meta: { pagination: { next: string | null; previous: string | null; total: number; totalKind: string } };
}

const tables = ['interface_logs', 'login_logs', 'abnormal_requests'];

/** On PostgreSQL the archive is a bucket, as several hosts share it. */
describe.each(['sqlite', 'postgres'] as const)('the logs on %s', (database) => {
  let hospital: Hospital;
  let s3: S3Server | undefined;
  let ops: Awaited<ReturnType<Hospital['staff']>>;
  const db = () => hospital.strapi().db.connection;
  const rowsOf = async (sql: string, values: string[] = []): Promise<Record<string, unknown>[]> =>
    (await db().raw(sql, values)).rows;
  const partitions = async (table: string) =>
    (
      await rowsOf(
        `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass(?) ORDER BY 1`,
        [table],
      )
    ).map(({ name }) => name);
  const call = (at: string, orderNo: string, errorCode?: string, errorMessage = '') =>
    payments(hospital.strapi()).events.emit('channel.call', {
      method: 'create_order',
      url: 'https://gateway.example/pay',
      request: '{}',
      response: '{}',
      startedAt: new Date(at),
      durationMs: 40,
      channel: 'wechat',
      accountCode: 'wechat-1',
      orderNo,
      tradeType: 'weixin_micropay',
      direction: 'out',
      ...(errorCode === undefined ? {} : { errorCode, errorMessage }),
    });

  /** What an earlier version said of a code, and nobody has touched. */
  async function asEarlierSeed(channel: string, code: string, advice: string): Promise<void> {
    const known = { channel, code };
    await db()('error_knowledges').where(known).update({ advice });
    const row = await db()('error_knowledges').where(known).first();
    const words = ['meaning', 'meaning_en', 'cause', 'cause_en', 'advice', 'advice_en', 'retry'];
    const seed_hash = createHash('sha256')
      .update(JSON.stringify(words.map((word) => row[word])))
      .digest('hex');
    await db()('error_knowledges').where(known).update({ seed_hash });
  }

  /** One plain table, as versions without partitions had it. */
  async function asBefore(table: string): Promise<void> {
    await db().raw('CREATE TABLE plain (LIKE ?? INCLUDING DEFAULTS)', [table]);
    await db().raw('INSERT INTO plain SELECT * FROM ??', [table]);
    await db().raw('ALTER TABLE plain ADD PRIMARY KEY (id)');
    await db().raw(`ALTER SEQUENCE ${table}_id_seq OWNED BY plain.id`);
    await db().raw('DROP TABLE ?? CASCADE', [table]);
    await db().raw('ALTER TABLE plain RENAME TO ??', [table]);
  }

  beforeAll(async () => {
    s3 = database === 'postgres' ? await startS3() : undefined;
    hospital = await startHospital({ database, env: s3?.environment ?? {} });
    ops = await hospital.staff('ops');
  }, 120_000);
  afterAll(async () => {
    await hospital.stop();
    await s3?.close();
  });

  if (database === 'postgres') {
    test('lie in a partition a month, made before their month begins', async () => {
      for (const table of tables) {
        const found = await partitions(table);
        expect(found).toHaveLength(4);
        expect(found).toContain(`${table}_default`);
      }
    });

    test('stay whole when the platform starts again and a content type changes', async () => {
      call('2026-11-20T00:00:00Z', 'KEPT');
      await monitoring(hospital.strapi()).flush();
      const before = await partitions('interface_logs');
      const indexes = () =>
        rowsOf("SELECT indexname FROM pg_indexes WHERE tablename = 'interface_logs' ORDER BY indexname");
      const indexesBefore = await indexes();
      // As on an upgrade that brings a field and an index: Strapi finds the table without them.
      await db().raw('ALTER TABLE interface_logs DROP COLUMN url');
      await db().raw('DROP INDEX interface_logs_method_at_idx');
      await db().raw("UPDATE strapi_database_schema SET hash = 'an earlier version'");
      await asBefore('login_logs');
      await db()('error_knowledges')
        .where({ channel: 'wechat', code: 'NOTENOUGH' })
        .update({ advice: '请到收费处办理' });
      await db()('error_knowledges').where({ channel: 'alipay', code: 'TIMEOUT' }).delete();
      await asEarlierSeed('wechat', 'SYSTEMERROR', '稍后再试');
      await db()('login_logs').insert({ at: '2018-11-13 02:36:11', username: 'super', kind: 'sign_in' });
      await hospital.restart();
      expect(await partitions('interface_logs')).toEqual(before);
      expect(await indexes()).toEqual(indexesBefore);
      expect(await db()('interface_logs').where({ order_no: 'KEPT' }).select('order_no', 'url')).toEqual([
        { order_no: 'KEPT', url: null },
      ]);
    }, 60_000);

    test('what somebody has written of an error stays, what nobody has touched is renewed, and what is missing comes back', async () => {
      const known = (channel: string, code: string) =>
        db()('error_knowledges').where({ channel, code }).first('advice', 'retry');
      expect(await known('wechat', 'NOTENOUGH')).toMatchObject({ advice: '请到收费处办理' });
      expect(await known('alipay', 'TIMEOUT')).toMatchObject({ retry: 'automatic' });
      const { advice } = await known('wechat', 'SYSTEMERROR');
      expect(advice).not.toBe('稍后再试');
      expect(payments(hospital.strapi()).errorKnowledge.explain('wechat', 'NOTENOUGH')?.advice).toEqual({
        zh: '请到收费处办理',
        en: expect.any(String),
      });
    });

    test('of an earlier version move into the partitions of their months', async () => {
      expect(
        await rowsOf("SELECT tableoid::regclass::text AS place FROM login_logs WHERE username = 'super'"),
      ).toEqual([{ place: 'login_logs_2018_11' }]);
      await hospital.staff('finance');
      expect(
        await rowsOf("SELECT id FROM login_logs WHERE username = 'finance' AND id IS NOT NULL"),
      ).toHaveLength(1);
    });
  }

  test('are read from place to place, forwards and back, each row once however many share a moment', async () => {
    for (let index = 0; index < 25; index += 1) {
      call(index < 10 ? '2026-11-21T00:00:00Z' : `2026-11-21T00:00:${index}Z`, 'WALK');
    }
    await monitoring(hospital.strapi()).flush();
    const page = async (place: string) =>
      (
        await ops<Page>(
          'GET',
          `/api/interface-logs?filters[orderNo][$eq]=WALK&sort[0]=at:desc&pagination[pageSize]=10${place}`,
        )
      ).body;
    const first = await page('');
    expect(first.meta.pagination).toMatchObject({ previous: null, total: 25, totalKind: 'exact' });
    const second = await page(`&pagination[after]=${first.meta.pagination.next}`);
    const third = await page(`&pagination[after]=${second.meta.pagination.next}`);
    expect(third.meta.pagination.next).toBeNull();
    const ids = [first, second, third].flatMap(({ data }) => data.map(({ documentId }) => documentId));
    expect(new Set(ids).size).toBe(25);
    const back = await page(`&pagination[before]=${third.meta.pagination.previous}`);
    expect(back.data).toEqual(second.data);
    expect(back.meta.pagination.next).toBe(second.meta.pagination.next);
    expect(first.data[0]).not.toHaveProperty('request');
  });

  test.each([
    'filters[orderNo][$regex]=a',
    'filters[durationMs][$gt]=long',
    'filters[at][$gte]=yesterday',
    'filters[$or][0][orderNo]=a',
    'sort=durationMs:desc',
    'pagination[after]=somewhere',
  ])('refuse to be asked %s', async (question) => {
    const answer = await ops<{ error: { name: string } }>('GET', `/api/interface-logs?${question}`);
    expect(answer).toMatchObject({ status: 400, body: { error: { name: 'LOG_QUESTION_INVALID' } } });
  });

  test("a call of HIS's is followed to the channel and back to HIS by its trace", async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const body = JSON.stringify({
      merchantOrderNo: 'TRACED',
      amountFen: 1200,
      subject: '门诊缴费',
      scene: 'micropay',
      authCode: alipayCode(),
    });
    const path = '/api/v1/orders';
    const answer = await fetch(hospital.url + path, {
      method: 'POST',
      headers: {
        ...signedHeaders(application, { method: 'POST', path, body }),
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
      body,
    });
    expect(answer.headers.get('traceresponse')).toContain(traceId);
    const methods = async () => {
      await monitoring(hospital.strapi()).flush();
      const { body: page } = await ops<{ data: { method: string }[] }>(
        'GET',
        `/api/interface-logs?filters[traceId][$eq]=${traceId}&sort=at:asc`,
      );
      return page.data.map(({ method }) => method);
    };
    for (let times = 0; times < 50 && !(await methods()).includes('his_confirm'); times += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect((await methods()).sort()).toEqual(['api_create_order', 'create_order', 'his_confirm']);
    for (const table of ['orders', 'attempts']) {
      expect(await db()(table).where({ trace_id: traceId }).select('trace_id')).toHaveLength(1);
    }
  });

  test('of months no longer kept lie in verified files, found by day and order number, and nowhere else', async () => {
    for (let index = 0; index < 30; index += 1) {
      call(`2025-03-0${1 + (index % 9)}T04:00:00Z`, `OLD-${index % 10}`);
    }
    await monitoring(hospital.strapi()).flush();
    const { archive } = monitoring(hospital.strapi()).logs;
    await archive.sweep();
    expect(await db()('interface_logs').where('order_no', 'like', 'OLD-%').select('id')).toEqual([]);
    const [file] = await db()('log_archives').where({ log_type: 'interface-log', month: '2025-03' });
    expect(file).toMatchObject({ row_count: 30, sha_256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    if (s3) {
      const object = s3.objects.get(`hospital/${file?.path}`) ?? '';
      expect(createHash('sha256').update(object).digest('hex')).toBe(file?.sha_256);
      // Another host, which has none of its files yet.
      fs.rmSync(path.join(hospital.folder, 'archive', 'logs'), { recursive: true });
    }
    const days = 'filters[at][$gte]=2025-02-28T16:00:00Z&filters[at][$lt]=2025-03-31T16:00:00Z';
    const found = await ops<Page>('GET', `/api/interface-logs?${days}&filters[orderNo][$eq]=OLD-3`);
    expect(found.body).toMatchObject({
      data: [{ orderNo: 'OLD-3', request: '{}' }, { orderNo: 'OLD-3' }, { orderNo: 'OLD-3' }],
      meta: { pagination: { total: 3, archivedTo: '2025-03-09T04:00:00.000Z' } },
    });
    const pages: string[] = [];
    for (let place = ''; pages.length < 30; ) {
      const { body } = await ops<Page>('GET', `/api/interface-logs?${days}&pagination[pageSize]=8${place}`);
      pages.push(...body.data.map(({ documentId }) => documentId));
      if (body.meta.pagination.next === null) break;
      place = `&pagination[after]=${body.meta.pagination.next}`;
    }
    expect(new Set(pages).size).toBe(30);
  });

  test('are read whole, however many files and rows of the database they lie in', async () => {
    const first = Date.parse('2024-10-01T00:00:00Z');
    const stored = (index: number) => {
      // Thirty share each moment, over three months.
      const at = new Date(first + Math.floor(index / 30) * 50_000_000);
      return {
        at: dateValue(db(), at),
        document_id: `whole${index}`,
        order_no: 'WHOLE',
        method: 'query_order',
      };
    };
    const rows = Array.from({ length: 4500 }, (_, index) => stored(index));
    await db().batchInsert('interface_logs', rows, 100);
    const { archive, whole } = monitoring(hospital.strapi()).logs;
    await archive.sweep();
    expect(await db()('interface_logs').where({ order_no: 'WHOLE' }).select('id')).toEqual([]);
    // Told late: of months that are archived.
    await db().batchInsert('interface_logs', [stored(40), stored(2250), stored(4499)], 100);
    const filters = { at: { $gte: '2024-10-01T00:00:00Z' }, orderNo: { $eq: 'WHOLE' } };
    const places: Record<string, string[]> = {};
    for (const sort of ['at:asc', 'at:desc']) {
      const log = whole('interface-log', { filters, sort, fields: [] });
      expect(await log.count()).toBe(4503);
      const found: string[] = [];
      for await (const { at, id } of log.rows()) found.push(`${Number(at)} ${String(id).padStart(12, '0')}`);
      places[sort] = found;
    }
    const inOrder = [...new Set(places['at:asc'])].sort();
    expect(inOrder).toHaveLength(4503);
    expect(places).toEqual({ 'at:asc': inOrder, 'at:desc': inOrder.toReversed() });
  });

  test('with long texts lie in several files, each small enough to be sorted', async () => {
    const first = Date.parse('2024-02-01T00:00:00Z');
    const request = JSON.stringify('门诊'.repeat(10_000));
    const rows = Array.from({ length: 1500 }, (_, index) => ({
      at: dateValue(db(), new Date(first + index * 60_000)),
      document_id: `long${index}`,
      order_no: `LONG-${index % 7}`,
      method: 'query_order',
      request,
    }));
    await db().batchInsert('interface_logs', rows, 50);
    const deleted: unknown[] = [];
    const watch = (count: unknown, { sql }: { sql: string }) => {
      if (/^delete from .interface_logs/.test(sql)) deleted.push(count);
    };
    db().on('query-response', watch);
    await monitoring(hospital.strapi()).logs.archive.sweep();
    db().off('query-response', watch);
    const files = await db()('log_archives').where({ month: '2024-02' }).orderBy('first_at');
    expect(files.map(({ row_count }) => Number(row_count))).toEqual([1000, 500]);
    // PostgreSQL drops the month; SQLite, which lets nobody pay meanwhile, deletes a file at a time.
    expect(deleted.slice(0, 2)).toEqual(isPostgres(db()) ? [] : [1000, 500]);
    expect(await db()('interface_logs').where({ document_id: 'long1499' })).toEqual([]);
    const days = 'filters[at][$gte]=2024-02-01T00:00:00Z&filters[at][$lt]=2024-03-01T00:00:00Z';
    const found = await ops<Page>('GET', `/api/interface-logs?${days}&filters[orderNo][$eq]=LONG-6`);
    expect(found.body.meta.pagination).toMatchObject({ total: 214, totalKind: 'exact' });
  });

  test('of more files than one look reads are refused rather than cut short, and found in fewer days', async () => {
    call('2024-03-05T04:00:00Z', 'MANY');
    await monitoring(hospital.strapi()).flush();
    await monitoring(hospital.strapi()).logs.archive.sweep();
    const [{ id: _, ...file }] = await db()('log_archives').where({ month: '2024-03' });
    const later = dateValue(db(), new Date('2024-03-20T00:00:00Z'));
    const copies = Array.from({ length: 1000 }, (__, index) => ({
      ...file,
      document_id: `copy${index}`,
      first_at: later,
      last_at: later,
    }));
    await db().batchInsert('log_archives', copies, 20);
    const asked = (until: string, orderNo: string) =>
      ops(
        'GET',
        `/api/interface-logs?filters[at][$gte]=2024-03-01T00:00:00Z&filters[at][$lt]=${until}&filters[orderNo][$eq]=${orderNo}`,
      );
    expect(await asked('2024-03-31T00:00:00Z', 'ANOTHER')).toMatchObject({
      status: 400,
      body: { error: { name: 'LOG_SPAN_TOO_LONG', message: expect.stringContaining('缩小日期范围') } },
    });
    expect(await asked('2024-03-10T00:00:00Z', 'MANY')).toMatchObject({
      status: 200,
      body: { data: [{}], meta: { pagination: { total: 1, totalKind: 'exact' } } },
    });
    await db()('log_archives').where('document_id', 'like', 'copy%').delete();
  });

  test('stay in the database while their archive cannot be written', async () => {
    call('2025-01-05T04:00:00Z', 'NOT-YET');
    await monitoring(hospital.strapi()).flush();
    const { archive } = monitoring(hospital.strapi()).logs;
    if (s3) s3.setDown(true);
    else {
      // Its folder is a file.
      const folder = path.join(hospital.folder, 'archive', 'logs', 'interface-log');
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(path.join(folder, '2025-01'), '');
    }
    await archive.sweep();
    s3?.setDown(false);
    expect(await db()('interface_logs').where({ order_no: 'NOT-YET' }).select('id')).toHaveLength(1);
    expect(await db()('log_archives').where({ month: '2025-01' })).toEqual([]);
  });

  test('every code of every channel has a meaning, a cause, what to do and whether to retry, in two languages', async () => {
    const words = ['meaning', 'meaning_en', 'cause', 'cause_en', 'advice', 'advice_en'];
    const rows: Record<string, string>[] = await db()('error_knowledges').select('*');
    const codes = payments(hospital.strapi())
      .channels()
      .flatMap(({ errors }) => Object.keys(errors));
    expect(rows).toHaveLength(codes.length);
    const lacking = rows.filter((row) => words.some((word) => !row[word]));
    expect(lacking.map(({ channel, code }) => `${channel} ${code}`)).toEqual([]);
    for (const row of rows) expect(row.meaning_en).not.toMatch(/\p{Script=Han}/u);
    const retries = new Map<string, number>();
    for (const { retry = '' } of rows) retries.set(retry, (retries.get(retry) ?? 0) + 1);
    console.log(
      `${rows.length} codes explained: ${[...retries].map(([retry, count]) => `${retry} ${count}`).join(', ')}`,
    );
  });

  test('abnormal requests are grouped by channel and code, with a number a day and when they came first and last', async () => {
    for (const at of [
      '2026-10-01T04:00:00Z',
      '2026-10-05T16:00:00Z',
      '2026-10-06T15:59:59Z',
      '2026-10-07T02:00:00Z',
    ])
      call(at, 'GROUPED', 'AUTHCODEEXPIRE');
    await monitoring(hospital.strapi()).flush();
    const { body } = await ops<{ groups: Record<string, unknown>[] }>(
      'GET',
      '/api/monitoring/abnormal-groups?from=2026-10-04T16:00:00.000Z&to=2026-10-07T16:00:00.000Z',
    );
    expect(body.groups).toMatchObject([
      {
        channel: 'wechat',
        errorCode: 'AUTHCODEEXPIRE',
        count: 3,
        days: [0, 2, 1],
        firstAt: '2026-10-05T16:00:00.000Z',
        lastAt: '2026-10-07T02:00:00.000Z',
        firstEverAt: '2026-10-01T04:00:00.000Z',
        known: { meaning: { zh: '付款码已过期' }, retry: 'anew' },
      },
    ]);
  });

  test('abnormal requests of archived months are grouped with those that are not', async () => {
    call('2025-02-10T04:00:00Z', 'GROUPED', 'ODD-ONE', '第一次');
    call('2025-02-11T04:00:00Z', 'GROUPED', 'ODD-ONE', '第二次');
    call('2025-02-11T05:00:00Z', 'GROUPED', 'AUTHCODEEXPIRE');
    await monitoring(hospital.strapi()).flush();
    await monitoring(hospital.strapi()).logs.archive.sweep();
    call('2025-02-11T06:00:00Z', 'GROUPED', 'AUTHCODEEXPIRE');
    await monitoring(hospital.strapi()).flush();
    const { body } = await ops(
      'GET',
      '/api/monitoring/abnormal-groups?from=2025-02-09T16:00:00.000Z&to=2025-02-12T16:00:00.000Z',
    );
    expect(body).toMatchObject({
      archivedTo: expect.any(String),
      groups: [
        {
          errorCode: 'AUTHCODEEXPIRE',
          count: 2,
          days: [0, 2, 0],
          firstEverAt: '2025-02-11T05:00:00.000Z',
          lastAt: '2025-02-11T06:00:00.000Z',
        },
        {
          errorCode: 'ODD-ONE',
          count: 2,
          days: [1, 1, 0],
          firstEverAt: '2025-02-10T04:00:00.000Z',
          lastAt: '2025-02-11T04:00:00.000Z',
          message: expect.stringContaining('第二次'),
        },
      ],
    });
  });

  test('abnormal requests say in English what has English, in lists, archived months and details alike', async () => {
    const days = 'filters[at][$gte]=2025-02-09T16:00:00Z&filters[at][$lt]=2025-02-12T16:00:00Z';
    const { body } = await ops<Page>('GET', `/api/abnormal-requests?${days}&sort=at:asc`);
    const expired = {
      errorMessage: '下单失败:付款码已过期',
      errorMessageEn: 'Order not made: The payment code has expired',
      adviceEn: 'Ask the patient to refresh the code and scan again',
    };
    const unknown = { errorMessageEn: 'Order not made: 第一次', advice: null };
    expect(body.data).toMatchObject([unknown, { errorCode: 'ODD-ONE' }, expired, expired]);
    const detail = await ops('GET', `/api/abnormal-requests/${body.data.at(-1)?.documentId}`);
    expect(detail.body).toMatchObject({ data: expired });
  });
});
