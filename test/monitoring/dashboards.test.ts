import fs from 'node:fs';
import path from 'node:path';
import {
  alerts,
  dashboardFile,
  dashboardFiles,
  expandMacros,
  files,
  type Range,
} from '@hospital-pay/dashboards';
import { createWallViews, monitoring } from '@hospital-pay/monitoring';
import { seedDemo } from '@hospital-pay/seeds';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { type Platform, startPlatform } from '../harness/platform';

const room = path.resolve(__dirname, '..', '..', 'dashboards');
const boards = dashboardFiles.map((name) => dashboardFile.parse(JSON.parse(files[name] ?? '')));
const queries = boards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    panel.targets.flatMap((target) =>
      'rawSql' in target ? [{ of: `${title} ${panel.id} ${target.refId}`, ...target }] : [],
    ),
  ),
);

/** Nothing to show just after midnight, without notifications or warnings, and with nothing that waits. */
const mayBeEmpty = new Set([
  '支付监控大屏 7 A',
  '支付监控大屏 7 B',
  '支付监控大屏 8 A',
  '支付监控大屏 15 A',
  '渠道健康 6 A',
  '接口与异常 5 A',
]);

const day = (date: Date) => new Date(date.getTime() + 8 * 3_600_000).toISOString().slice(0, 10);

describe('the dashboards on PostgreSQL', () => {
  let platform: Platform;
  let grafana: Client;
  let range: Range;

  beforeAll(async () => {
    platform = await startPlatform({
      database: 'postgres',
      env: { SANDBOX: 'true' },
      prepare: (strapi) => seedDemo(strapi, { now: new Date(), scale: 0.05 }),
    });
    await monitoring(platform.strapi()).minutes.count();
    const url = new URL(process.env.DATABASE_URL ?? '');
    const owner = new Client({ connectionString: url.href });
    await owner.connect();
    await owner.query(fs.readFileSync(path.join(room, 'grafana-account.sql'), 'utf8'));
    await owner.query("ALTER ROLE grafana_wall PASSWORD 'wall-test'");
    await owner.end();
    url.username = 'grafana_wall';
    url.password = 'wall-test';
    grafana = new Client({ connectionString: url.href });
    await grafana.connect();
    const values = async (sql: string) => (await grafana.query({ text: sql, rowMode: 'array' })).rows.flat();
    range = {
      from: new Date(`${day(new Date(Date.now() - 30 * 86_400_000))}T00:00:00+08:00`),
      to: new Date(),
      interval: '1m',
      variables: {
        merchant: await values('SELECT code FROM wall.merchants'),
        channel: await values('SELECT DISTINCT channel FROM wall.accounts'),
      },
    };
  }, 120_000);
  afterAll(async () => {
    await grafana?.end();
    await platform?.stop();
  });

  const rows = () => platform.strapi().db.connection;
  const ask = (of: string) => {
    const query = queries.find((one) => one.of === of);
    if (!query) throw new Error(`no query ${of}`);
    return grafana.query(expandMacros(query.rawSql, range));
  };

  test('every query is answered to the account that may read the views alone', async () => {
    const empty: string[] = [];
    const started = Date.now();
    for (const { of, rawSql } of queries) {
      const { rowCount } = await grafana.query(expandMacros(rawSql, range)).catch((error: Error) => {
        throw new Error(`${of}: ${error.message}\n${rawSql}`);
      });
      if (!rowCount && !mayBeEmpty.has(of)) empty.push(of);
    }
    process.stdout.write(`executed ${queries.length} queries of panels in ${Date.now() - started} ms\n`);
    expect(empty).toEqual([]);
  });

  test('a line has a moment, a name and a number at each point', async () => {
    for (const { of, rawSql, format } of queries) {
      if (format !== 'time_series') continue;
      const { fields } = await grafana.query(expandMacros(rawSql, range));
      expect([of, fields.map(({ name }) => name)]).toEqual([of, ['time', 'metric', 'value']]);
    }
  });

  test('every alert rule asks for a value and gets it', async () => {
    for (const { uid, query } of alerts) {
      const { fields } = await grafana.query(query);
      expect([uid, fields.at(-1)?.name]).toEqual([uid, 'value']);
    }
    process.stdout.write(`executed ${alerts.length} queries of alert rules\n`);
  });

  test('the sums of the month are the books in yuan', async () => {
    const [shown] = (await ask('对账总览 1 A')).rows;
    const merchants = [...(range.variables.merchant ?? [])];
    const [fen] = await rows()('daily_totals')
      .whereBetween('date', [day(range.from), day(range.to)])
      .whereIn('merchant_code', merchants)
      .sum({ his: 'his_fen', platform: 'platform_fen' });
    expect(Number(fen?.his)).toBeGreaterThan(0);
    expect(Math.round(shown.医院总收入 * 100)).toBe(Number(fen?.his));
    expect(Math.round(shown.平台总收入 * 100)).toBe(Number(fen?.platform));
  });

  test('a moment in a view is UTC, whatever the zone of the process', async () => {
    const { rows: shown } = await grafana.query("SELECT max(time)::text || 'Z' AS latest FROM wall.feed");
    const [latest] = await rows()('orders').max({ at: 'created_time' });
    expect(new Date(shown[0].latest)).toEqual(latest?.at);
  });

  test('open differences are those that nobody has settled', async () => {
    const [shown] = (await ask('支付监控大屏 6 A')).rows;
    const [open] = await rows()('discrepancies').whereNotIn('status', ['resolved', 'void']).count({ n: '*' });
    expect(Number(open?.n)).toBeGreaterThan(0);
    expect(Number(shown.笔数)).toBe(Number(open?.n));
  });

  test('no view shows a patient, a card, a payer or what a call said', async () => {
    const { rows: columns } = await grafana.query(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'wall'",
    );
    expect(columns.length).toBeGreaterThan(50);
    const hidden = /patient|card|payer|request|response|url|config|secret|payload/;
    expect(columns.filter(({ column_name: name }) => hidden.test(name))).toEqual([]);
  });

  test('the account reads no table and changes nothing', async () => {
    await expect(grafana.query('SELECT 1 FROM public.orders')).rejects.toThrow('permission denied');
    await expect(grafana.query("UPDATE wall.merchants SET name = ''")).rejects.toThrow(
      /read-only|permission/,
    );
  });

  const columnsOf = async (view: string) =>
    (await grafana.query(`SELECT * FROM wall.${view} LIMIT 0`)).fields.map(({ name }) => name);

  test('a start makes the views again as this version has them, for the same account', async () => {
    const columns = await columnsOf('messages');
    await rows().raw('DROP VIEW wall.freshness, wall.messages');
    await rows().raw('CREATE VIEW wall.messages AS SELECT title, at AS time FROM messages');
    await createWallViews(platform.strapi());
    expect((await grafana.query('SELECT source FROM wall.freshness')).rowCount).toBe(5);
    expect(await columnsOf('messages')).toEqual(columns);
  });

  test('a start that alters a column of which an earlier version made a view replaces that view, and nothing of others', async () => {
    const columns = await columnsOf('merchants');
    await rows().raw('DROP VIEW wall.merchants');
    await rows().raw('ALTER TABLE merchants ALTER COLUMN name TYPE text');
    await rows().raw('ALTER DEFAULT PRIVILEGES IN SCHEMA wall REVOKE SELECT ON TABLES FROM grafana_wall');
    await rows().raw('CREATE VIEW wall.merchants AS SELECT name, code FROM merchants');
    await rows().raw('GRANT SELECT ON wall.merchants TO grafana_wall');
    await rows().raw('CREATE VIEW wall.of_another AS SELECT code FROM merchants');
    await rows().raw("UPDATE strapi_database_schema SET hash = 'an earlier version'");
    await platform.restart();
    const { rows: types } = await rows().raw(
      "SELECT data_type FROM information_schema.columns WHERE table_name = 'merchants' AND column_name = 'name' AND table_schema <> 'wall'",
    );
    expect(types).toEqual([{ data_type: 'character varying' }]);
    expect(await columnsOf('merchants')).toEqual(columns);
    expect((await rows().raw('SELECT code FROM wall.of_another')).rows).not.toEqual([]);
  }, 60_000);
});
