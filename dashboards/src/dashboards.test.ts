import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { dashboardFile, dashboardFiles, expandMacros, files, lint } from './index';
import { database, metrics } from './panels';

const room = path.resolve(__dirname, '..');
const read = (name: string) => fs.readFileSync(path.join(room, name), 'utf8');
const parse = (name: string): unknown => JSON.parse(read(name));

describe('the committed dashboards', () => {
  test('are what the code makes', () => {
    for (const [name, text] of Object.entries(files)) expect([name, read(name)]).toEqual([name, text]);
  });

  test('have nothing that Grafana would not show', () => {
    expect(dashboardFiles.flatMap((name) => lint(parse(name)).map((fault) => `${name}: ${fault}`))).toEqual(
      [],
    );
    const panels = dashboardFiles.flatMap((name) => dashboardFile.parse(parse(name)).panels);
    process.stdout.write(`linted ${dashboardFiles.length} dashboards, ${panels.length} panels\n`);
  });

  test('say nothing in Chinese that is not said in English, and nothing else is', () => {
    const shown = z.object({
      title: z.string(),
      panels: z.array(
        z.object({
          title: z.string(),
          description: z.string().default(''),
          fieldConfig: z.object({ defaults: z.object({ noValue: z.string().default('') }) }),
          targets: z.array(z.object({ rawSql: z.string().default('') })),
        }),
      ),
      templating: z.object({ list: z.array(z.object({ label: z.string() })).default([]) }),
    });
    const words = dashboardFiles.flatMap((name) => {
      const { title, panels, templating } = shown.parse(parse(name));
      return [
        title,
        ...templating.list.map(({ label }) => label),
        ...panels.flatMap((panel) => [
          panel.title,
          panel.description,
          panel.fieldConfig.defaults.noValue,
          ...panel.targets.flatMap(({ rawSql }) =>
            [...rawSql.matchAll(/["']([^"']*)["']/g)].map(([, word = '']) => word),
          ),
        ]),
      ];
    });
    const chinese = new Set(words.filter((word) => /\p{Script=Han}/u.test(word)));
    const english = z
      .record(z.string(), z.string().regex(/^\P{Script=Han}+$/u))
      .parse(parse('grafana/english.json'));
    expect(Object.keys(english).sort()).toEqual([...chinese].sort());
  });

  test('ask the data sources that are provisioned', () => {
    const provisioned = read('grafana/provisioning/datasources/hospital-pay.yaml');
    for (const { type, uid } of [database, metrics]) {
      expect(provisioned).toContain(`type: ${type}`);
      expect(provisioned).toContain(`uid: ${uid}`);
    }
  });

  test('come with alert rules that say what happens when their query fails, and hold no variable', () => {
    const text = read('grafana/provisioning/alerting/rules.json');
    expect(text).not.toContain('$');
    const rules = z
      .object({
        groups: z.array(z.object({ rules: z.array(z.object({ execErrState: z.literal('Error') })) })),
      })
      .parse(JSON.parse(text)).groups[0]?.rules;
    expect(rules?.length).toBeGreaterThan(5);
  });
});

describe('the linter', () => {
  const query = (rawSql: string) => ({
    refId: 'A',
    datasource: database,
    format: 'table',
    rawSql,
  });
  const panel = (changes: object) => ({
    id: 1,
    type: 'stat',
    title: 'p',
    datasource: database,
    gridPos: { x: 0, y: 0, w: 6, h: 4 },
    targets: [query('SELECT 1')],
    ...changes,
  });
  const faults = (...panels: object[]) =>
    lint({
      uid: 'u',
      title: 't',
      schemaVersion: 42,
      panels: panels.map((changes) => panel(changes)),
      templating: { list: [] },
    }).join('\n');

  test.each([
    ['a panel without an id', [{ id: undefined }], 'panels.0.id'],
    ['an id twice', [{}, { gridPos: { x: 6, y: 0, w: 6, h: 4 } }], 'an id that another panel has'],
    ['an overlap', [{}, { id: 2, gridPos: { x: 5, y: 3, w: 6, h: 4 } }], 'overlaps panel 1'],
    ['a panel off the grid', [{ gridPos: { x: 20, y: 0, w: 6, h: 4 } }], 'wider than 24'],
    ['an unknown panel type', [{ type: 'hologram' }], 'unknown type hologram'],
    ['an unknown data source', [{ datasource: { type: 'x', uid: 'y' } }], 'unknown data source y'],
    ['an undeclared variable', [{ targets: [query(`SELECT \${x:sqlstring}`)] }], 'no variable x'],
    ['an unquoted variable', [{ targets: [query(`SELECT \${x}`)] }], 'not quoted'],
    ['an unknown macro', [{ targets: [query('SELECT $__timeMagic(a)')] }], 'unknown macro timeMagic'],
    ['a call within a macro', [{ targets: [query('SELECT $__timeFilter(f(a))')] }], 'first parenthesis'],
    ['a table of ours', [{ targets: [query('SELECT 1 FROM orders')] }], 'reads orders'],
    ['a change of data', [{ targets: [query('DELETE FROM wall.orders')] }], 'not a SELECT'],
  ])('finds %s', (_, panels, fault) => {
    expect(faults(...panels)).toContain(fault);
  });

  test('says nothing of a good panel', () => {
    expect(faults({})).toBe('');
  });
});

describe('macros', () => {
  const range = {
    from: new Date('2026-03-01T00:00:00Z'),
    to: new Date('2026-03-02T00:00:00Z'),
    interval: '5m',
    variables: { merchant: ['H001', "O'Neill"] },
  };

  test.each([
    ['$__timeFilter(time)', "time BETWEEN '2026-03-01T00:00:00.000Z' AND '2026-03-02T00:00:00.000Z'"],
    ['$__timeFrom()', "'2026-03-01T00:00:00.000Z'"],
    ["$__timeGroupAlias(time, '$__interval')", 'floor(extract(epoch from time)/300)*300 AS "time"'],
    ["$__timeGroup(time,'1h')", 'floor(extract(epoch from time)/3600)*3600'],
    [`x IN (\${merchant:sqlstring})`, "x IN ('H001','O''Neill')"],
  ])('%s becomes what Grafana makes of it', (sql, expanded) => {
    expect(expandMacros(sql, range)).toBe(expanded);
  });

  test.each(['$__timeMagic(time)', `\${other:sqlstring}`, '$merchant', "$__timeGroup(time, 'often')"])(
    '%s is refused',
    (sql) => {
      expect(() => expandMacros(sql, range)).toThrow();
    },
  );
});
