import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  type GridPos,
  QueryVariableBuilder,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as piechart from '@grafana/grafana-foundation-sdk/piechart';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** The two data sources by the uids under which `grafana/provisioning/datasources` makes them. */
export const database: DataSourceRef = { type: 'grafana-postgresql-datasource', uid: 'hospital-pay-wall' };
export const metrics: DataSourceRef = { type: 'prometheus', uid: 'hospital-pay-metrics' };

export const money = 'currency:financial:¥';

/** What every panel says: who it is, where it stands (x, y, width, height on a grid of 24 columns), what it asks. */
export interface Place {
  id: number;
  title: string;
  at: readonly [x: number, y: number, w: number, h: number];
  description?: string;
}

interface Placeable extends Builder<import('@grafana/grafana-foundation-sdk/dashboard').Panel> {
  id(id: number): this;
  title(title: string): this;
  description(text: string): this;
  datasource(source: DataSourceRef): this;
  gridPos(position: GridPos): this;
  withTarget(target: Builder<Dataquery>): this;
}

interface SqlQuery extends Dataquery {
  refId: string;
  datasource: DataSourceRef;
  format: 'table' | 'time_series';
  editorMode: 'code';
  rawQuery: true;
  rawSql: string;
}

/** The SDK has no query of SQL data sources. */
const sql = (format: SqlQuery['format'], rawSql: string, refId: string): Builder<SqlQuery> => ({
  build: () => ({
    refId,
    datasource: database,
    format,
    editorMode: 'code',
    rawQuery: true,
    rawSql: rawSql.replace(/\s+/g, ' ').trim(),
    _implementsDataqueryVariant() {},
  }),
});

function place<P extends Placeable>(panel: P, { id, title, at: [x, y, w, h], description }: Place): P {
  panel.id(id).title(title).gridPos({ x, y, w, h });
  return description ? panel.description(description) : panel;
}

function ask<P extends Placeable>(panel: P, format: SqlQuery['format'], queries: readonly string[]): P {
  panel.datasource(database);
  for (const [index, query] of queries.entries())
    panel.withTarget(sql(format, query, String.fromCharCode(65 + index)));
  return panel;
}

/** Colours from a value on: the first holds from the bottom. */
export const steps = (first: string, ...rest: readonly [value: number, color: string][]) => {
  const all: Threshold[] = [
    { value: null, color: first },
    ...rest.map(([value, color]) => ({ value, color })),
  ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all);
};

/** Every column of one row as a big figure under its name. */
export const figures = (where: Place, query: string) =>
  ask(place(new stat.PanelBuilder(), where), 'table', [query])
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('/.*/'))
    .textMode(BigValueTextMode.ValueAndName)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .orientation(VizOrientation.Vertical)
    .thresholds(steps('text'));

/** Columns time, (metric,) value: a line each. */
export const lines = (where: Place, ...queries: readonly string[]) =>
  ask(place(new timeseries.PanelBuilder(), where), 'time_series', queries)
    .lineWidth(2)
    .fillOpacity(12)
    .spanNulls(false)
    .thresholds(steps('green'));

/** A name and a value in each row, as shares of a ring. */
export const shares = (where: Place, query: string) =>
  ask(place(new piechart.PanelBuilder(), where), 'table', [query])
    .pieType(piechart.PieChartType.Donut)
    .displayLabels([piechart.PieChartLabels.Name, piechart.PieChartLabels.Percent])
    .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs(['lastNotNull']));

/** A name and a value in each row, as bars. */
export const bars = (where: Place, query: string) =>
  ask(place(new bargauge.PanelBuilder(), where), 'table', [query])
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs(['lastNotNull']))
    .thresholds(steps('blue'));

/** Columns time, metric, value: a row of cells for each metric. */
export const heat = (where: Place, query: string) =>
  ask(place(new heatmap.PanelBuilder(), where), 'time_series', [query]).calculate(false);

export const rows = (where: Place, query: string) =>
  ask(place(new table.PanelBuilder(), where), 'table', [query]).thresholds(steps('text'));

/** A column named by the English of another's name says the same in English: Grafana hides it, `/wall` shows it instead. */
export const onlyInEnglish = [{ id: 'custom.hidden', value: true }];

const groups = (columns: readonly string[]) => columns.join(', ');

/**
 * Times of calls are counted by the bound they stay below. This gives every bound of each group with how many calls stay
 * below it (`upto`) and how many there are (`total`): a quantile is the least bound that enough of them stay below.
 */
export function spread(
  columns: Readonly<Record<string, string>>,
  condition: string,
  more: readonly string[] = [],
): string {
  const names = Object.keys(columns);
  const partition = names.length > 0 ? `PARTITION BY ${groups(names)}` : '';
  const counted = ['calls', ...more];
  return `(SELECT *, sum(calls) OVER (${partition} ORDER BY bound_ms) AS upto, sum(calls) OVER (${partition}) AS total
    FROM (SELECT ${groups([
      ...Object.entries(columns).map(([name, column]) => `${column} AS ${name}`),
      'bound_ms',
      ...counted.map((name) => `sum(${name}) AS ${name}`),
    ])}
      FROM wall.calls WHERE ${condition} GROUP BY ${groups([...names, 'bound_ms'].map((_, index) => String(index + 1)))}
    ) AS counted) AS spread`;
}
export const quantile = (share: number) => `min(bound_ms) FILTER (WHERE upto >= ${share} * total)`;

/** Paid ÷ (paid + failed + unknown): a code that nobody scanned before it closed is not a failure. */
export const successRate = 'sum(paid) * 1.0 / nullif(sum(paid) + sum(failed) + sum(unknown), 0)';

/** Lines of Prometheus expressions, each with the pattern of its names. */
export function metricLines(where: Place, ...expressions: readonly [expr: string, legend: string][]) {
  const panel = place(new timeseries.PanelBuilder(), where).datasource(metrics).lineWidth(2).fillOpacity(12);
  for (const [index, [expr, legend]] of expressions.entries()) {
    const query = new prometheus.DataqueryBuilder().datasource(metrics).expr(expr).legendFormat(legend);
    panel.withTarget(query.range().refId(String.fromCharCode(65 + index)));
  }
  return panel;
}

const chooser = (name: string, label: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(label)
    .datasource(database)
    .query(query)
    .refresh(VariableRefresh.OnDashboardLoad)
    .multi(true)
    .includeAll(true)
    .current({ text: 'All', value: '$__all' });

export const merchants = () =>
  chooser(
    'merchant',
    '商户',
    'SELECT name AS __text, code AS __value FROM wall.merchants WHERE enabled ORDER BY code',
  );
export const channels = () =>
  chooser(
    'channel',
    '渠道',
    'SELECT DISTINCT channel_name AS __text, channel AS __value FROM wall.accounts WHERE enabled ORDER BY channel',
  );

/** Conditions on what the viewer chose. */
export const ofMerchant = `merchant_code IN (\${merchant:sqlstring})`;
export const ofChannel = `channel IN (\${channel:sqlstring})`;

export const board = (uid: string, title: string, description: string) =>
  new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['hospital-pay'])
    .timezone('browser')
    .readonly()
    .refresh('30s');
