export interface Range {
  from: Date;
  to: Date;
  /** What Grafana would put for `$__interval`, e.g. `1m`. */
  interval: string;
  /** What the viewer chose for each variable. */
  variables: Readonly<Record<string, readonly string[]>>;
}

/** Macros of Grafana's PostgreSQL data source that panels may use. */
export const knownMacros = ['timeFilter', 'timeFrom', 'timeTo', 'timeGroup', 'timeGroupAlias'] as const;
type Macro = (typeof knownMacros)[number];

const isKnown = (name: string): name is Macro => knownMacros.some((known) => known === name);
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

export function secondsOf(interval: string): number {
  const [, count, unit = ''] = /^'?(\d+)([smhdw])'?$/.exec(interval.trim()) ?? [];
  const seconds = Number(count) * (unitSeconds[unit] ?? Number.NaN);
  if (!(seconds > 0)) throw new Error(`not an interval: ${interval}`);
  return seconds;
}

/** How a database is told moments and cuts time into pieces. */
export interface MacroDialect {
  moment(date: Date): string;
  /** Seconds since 1970 at the beginning of the piece. */
  group(column: string, seconds: number): string;
}

/** What `grafana-postgresql-datasource` makes of them, without TimescaleDB. */
const postgres: MacroDialect = {
  moment: (date) => `'${date.toISOString()}'`,
  group: (column, seconds) => `floor(extract(epoch from ${column})/${seconds})*${seconds}`,
};

/** For the same queries on SQLite, where views show moments in milliseconds. */
export const sqlite: MacroDialect = {
  moment: (date) => String(date.getTime()),
  group: (column, seconds) => `${column}/${seconds * 1000}*${seconds}`,
};

/**
 * SQL as Grafana sends it to PostgreSQL: first what its browser side replaces (variables as `sqlstring`, `$__interval`), then
 * the macros of its data source. Like Grafana's own, a macro's argument ends at the first
 * closing parenthesis. Throws for what Grafana does not know.
 */
export function expandMacros(
  sql: string,
  { from, to, interval, variables }: Range,
  { moment, group: pieces }: MacroDialect = postgres,
): string {
  const chosen = sql.replaceAll(/\$\{(\w+):sqlstring\}/g, (_, name: string) => {
    const values = variables[name];
    if (values === undefined) throw new Error(`no variable ${name}`);
    return values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
  });
  const expanded = chosen
    .replaceAll('$__interval', interval)
    .replaceAll(/\$__(\w+)\(([^)]*)\)/g, (_, name: string, list: string) => {
      if (!isKnown(name)) throw new Error(`no macro ${name}`);
      const [column = '', group = ''] = list.split(',').map((argument) => argument.trim());
      return expand(name, column, group);
    });
  if (expanded.includes('$')) throw new Error(`left as it was: ${expanded.slice(expanded.indexOf('$'))}`);
  return expanded;

  function expand(name: Macro, column: string, group: string): string {
    switch (name) {
      case 'timeFilter':
        return `${column} BETWEEN ${moment(from)} AND ${moment(to)}`;
      case 'timeFrom':
        return moment(from);
      case 'timeTo':
        return moment(to);
      case 'timeGroup':
        return pieces(column, secondsOf(group));
      case 'timeGroupAlias':
        return `${expand('timeGroup', column, group)} AS "time"`;
    }
  }
}
