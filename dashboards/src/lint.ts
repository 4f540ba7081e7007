import { z } from 'zod';
import { knownMacros } from './macros';
import { database, metrics } from './panels';

const source = z.object({ type: z.string(), uid: z.string() });
const sqlTarget = z.object({
  refId: z.string(),
  datasource: source,
  format: z.enum(['table', 'time_series']),
  rawSql: z.string().min(1),
});
const metricTarget = z.object({ refId: z.string(), datasource: source, expr: z.string().min(1) });
const panel = z.object({
  id: z.int().positive(),
  type: z.string(),
  title: z.string().min(1),
  datasource: source,
  gridPos: z.object({
    x: z.int().nonnegative(),
    y: z.int().nonnegative(),
    w: z.int().positive(),
    h: z.int().positive(),
  }),
  targets: z.array(z.union([sqlTarget, metricTarget])).min(1),
});
const variable = z.object({
  name: z.string(),
  type: z.literal('query'),
  query: z.string(),
  datasource: source,
});

/** The part of Grafana's dashboard that we write and rely on. */
export const dashboardFile = z.object({
  uid: z.string().min(1).max(40),
  title: z.string().min(1),
  schemaVersion: z.int().positive(),
  panels: z.array(panel).min(1),
  templating: z.object({ list: z.array(variable).default([]) }),
});
type Position = z.output<typeof panel>['gridPos'];

const panelTypes = new Set(['stat', 'timeseries', 'piechart', 'bargauge', 'heatmap', 'table']);
const columns = 24;
const overlap = (a: Position, b: Position) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** What is wrong with a dashboard's JSON, a sentence each; nothing when Grafana can be expected to show all of it. */
export function lint(json: unknown): string[] {
  const parsed = dashboardFile.safeParse(json);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const { panels, templating } = parsed.data;
  const faults: string[] = [];
  const declared = new Set(templating.list.map(({ name }) => name));
  const used = new Set<string>();
  const known = (ref: z.output<typeof source>) =>
    [database, metrics].some(({ type, uid }) => type === ref.type && uid === ref.uid);

  for (const { name, query, datasource } of templating.list) {
    if (!known(datasource)) faults.push(`variable ${name}: unknown data source ${datasource.uid}`);
    faults.push(...lintSql(query).map((fault) => `variable ${name}: ${fault}`));
  }
  for (const [index, one] of panels.entries()) {
    const say = (fault: string) => faults.push(`panel ${one.id} ${one.title}: ${fault}`);
    if (!panelTypes.has(one.type)) say(`unknown type ${one.type}`);
    if (!known(one.datasource)) say(`unknown data source ${one.datasource.uid}`);
    if (one.gridPos.x + one.gridPos.w > columns) say(`wider than ${columns} columns`);
    for (const other of panels.slice(0, index)) {
      if (other.id === one.id) say('an id that another panel has');
      if (overlap(one.gridPos, other.gridPos)) say(`overlaps panel ${other.id}`);
    }
    if (new Set(one.targets.map(({ refId }) => refId)).size < one.targets.length) say('a refId twice');
    for (const target of one.targets) {
      if (target.datasource.uid !== one.datasource.uid) say(`query ${target.refId} asks another data source`);
      const text = 'rawSql' in target ? target.rawSql : target.expr;
      for (const [, name = ''] of text.matchAll(/\$\{?(?!__)(\w+)/g)) {
        used.add(name);
        if (!declared.has(name)) say(`no variable ${name}`);
      }
      for (const fault of 'rawSql' in target ? lintSql(text) : lintExpression(text)) say(fault);
    }
  }
  for (const name of declared) if (!used.has(name)) faults.push(`variable ${name}: nobody uses it`);
  return faults;
}

function lintSql(sql: string): string[] {
  const faults: string[] = [];
  if (!/^SELECT\b/.test(sql)) faults.push('not a SELECT');
  if (sql.includes(';')) faults.push('more than one statement');
  for (const [, name = ''] of sql.matchAll(/\b(?:FROM|JOIN)\s+([\w."]+)/gi))
    if (!name.startsWith('wall.')) faults.push(`reads ${name}, which is no view of schema wall`);
  for (const [, name = '', open] of sql.matchAll(/\$__(\w+)(\()?/g)) {
    if (name === 'interval' && !open) continue;
    if (!open || !knownMacros.some((known) => known === name)) faults.push(`unknown macro ${name}`);
  }
  for (const [, name, list = ''] of sql.matchAll(/\$__(\w+)\(([^)]*)\)/g))
    if (list.includes('(')) faults.push(`macro ${name} ends at the first parenthesis`);
  for (const [, name, format] of sql.matchAll(/\$\{(\w+)(?::(\w+))?\}/g))
    if (format !== 'sqlstring') faults.push(`variable ${name} is not quoted for SQL`);
  return faults;
}

const lintExpression = (expr: string): string[] =>
  [...expr.matchAll(/\$__(\w+)/g)]
    .filter(([, name]) => name !== 'rate_interval')
    .map(([, name]) => `unknown macro ${name}`);
