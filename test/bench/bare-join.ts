import { DuckDBInstance } from '@duckdb/node-api';

/** The peer: DuckDB joins three clean CSV files of `number,fen`, and nothing else. */
async function main([orders = '', his = '', bill = '']: string[]): Promise<void> {
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '2' })).connect();
  const csv = (parameter: string) =>
    `read_csv(${parameter}, header = false, auto_detect = false, columns = {'number': 'VARCHAR', 'fen': 'BIGINT'})`;
  const { user, system } = process.cpuUsage();
  const started = performance.now();
  const result = await connection.runAndReadAll(
    `SELECT count(*) FILTER (o.fen IS DISTINCT FROM h.fen OR o.fen IS DISTINCT FROM b.fen)::INTEGER AS differing
     FROM ${csv('$1')} AS o FULL JOIN ${csv('$2')} AS h ON h.number = o.number
     FULL JOIN ${csv('$3')} AS b ON b.number = coalesce(o.number, h.number)`,
    [orders, his, bill],
  );
  process.send?.({
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system - user - system) / 1e6,
    differing: result.getRows()[0]?.[0],
    peakBytes: process.resourceUsage().maxRSS * 1024,
  });
  process.disconnect();
}

void main(process.argv.slice(2));
