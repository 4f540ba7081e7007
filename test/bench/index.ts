import { z } from 'zod';
import { benchExport } from './export';
import { benchLogs } from './logs';
import { benchOrders } from './orders';
import { benchReconcile } from './reconcile';
import { benchLoad } from './reconcile-load';
import { benchWall, type WallBench } from './wall';

const ms = (value: number) => value.toFixed(1);

/** What is said behind a benchmark's name; anything else is refused. */
type Words = Record<string, string>;
const count = z.coerce.number().int().positive();
const databases = z
  .enum(['sqlite', 'postgres'])
  .transform((database) => [database])
  .default(['sqlite', 'postgres']);

/** Prints orders per second and what is added to the gateway's own time, for the platform and the bare peer. */
export async function orders(words: Words): Promise<void> {
  const settings = z
    .strictObject({ orders: count.default(2000), concurrency: count.default(16) })
    .parse(words);
  const results = await benchOrders(settings);
  console.log(`\n${settings.orders} micropay orders, ${settings.concurrency} at a time; times in ms\n`);
  console.table(
    Object.fromEntries(
      results.map(({ subject, paid, perSecond, totalMs, addedMs }) => [
        subject,
        {
          paid,
          'orders/s': Math.round(perSecond),
          p50: ms(totalMs.p50),
          p99: ms(totalMs.p99),
          'p50 added': ms(addedMs.p50),
          'p99 added': ms(addedMs.p99),
        },
      ]),
    ),
  );
  for (const database of ['sqlite', 'postgres']) {
    const [bare, platform] = ['bare', 'platform'].map((name) =>
      results.find(({ subject }) => subject === `${name} · ${database}`),
    );
    if (bare && platform) {
      console.log(
        `${database}: the platform takes ${(bare.perSecond / platform.perSecond).toFixed(2)}× the bare handler's time per order`,
      );
    }
  }
}

/** Prints what a day takes by stage, beside DuckDB's bare join and an indexed join in the database, all in one run. */
export async function reconcile(words: Words): Promise<void> {
  const lost = z.enum(['nothing', 'his', 'orders']).default('nothing');
  const asked = z.strictObject({ orders: count.optional(), database: databases, lost }).parse(words);
  const sizes = asked.orders === undefined ? [100_000, 1_000_000, 5_000_000] : [asked.orders];
  const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
  for (const orders of sizes) {
    for (const database of asked.database) {
      const format = database === 'sqlite' ? 'alipay' : 'wechat';
      const result = await benchReconcile({ orders, database, format, lost: asked.lost });
      const gone = asked.lost === 'nothing' ? '' : `, ${asked.lost} lost`;
      console.log(`\n${orders} orders${gone}, ${database}, bill of ${format}; seconds`);
      console.table({
        [`this · ${database}`]: {
          ...result.seconds,
          total: result.totalSeconds,
          processor: result.cpuSeconds,
          'peak MB': megabytes(result.peakBytes),
          'platform grown MB': megabytes(result.grownBytes),
        },
        'bare DuckDB join': {
          total: result.bareJoin.seconds,
          processor: result.bareJoin.cpuSeconds,
          'peak MB': megabytes(result.bareJoin.peakBytes),
        },
        [`join in ${database}`]: { total: result.databaseJoinSeconds },
      });
      console.log(
        `${asked.lost === 'nothing' ? `${result.injected} injected, ` : ''}${result.cases} cases expected, ${result.wrong.length} wrong${result.wrong.slice(0, 5).map((line) => `\n  ${line}`)}`,
      );
      const times = (own: number, bare: number) => `${(own / bare).toFixed(1)}×`;
      console.log(
        `${times(result.totalSeconds, result.bareJoin.seconds)} the bare join's time, ${times(result.cpuSeconds, result.bareJoin.cpuSeconds)} its processor time`,
      );
    }
  }
}

/** Prints how many rows of the interface log are taken a second, what its pages take, and what an order pays for being logged. */
export async function logs(words: Words): Promise<void> {
  const asked = z.strictObject({ rows: count.default(10_000_000), orders: count.default(800) }).parse(words);
  const settings = { ...asked, taken: 50_000, reads: 30 };
  const { fillSeconds, takenPerSecond, pages, orders } = await benchLogs(settings);
  console.log(
    `\n${settings.rows.toLocaleString('en-US')} rows of the interface log on PostgreSQL (filled in ${Math.round(fillSeconds)} s); times in ms\n`,
  );
  console.table(
    Object.fromEntries(pages.map(({ page, p50, p99 }) => [page, { p50: ms(p50), p99: ms(p99) }])),
  );
  console.log(`${Math.round(takenPerSecond).toLocaleString('en-US')} rows taken a second`);
  console.log(`\nan order on PostgreSQL, ${settings.orders} of each, in turns; ms`);
  console.table(
    Object.fromEntries(
      orders.settings.map(({ setting, ms: p50, processorMs }) => [
        setting,
        { p50: ms(p50), "platform's processor": ms(processorMs) },
      ]),
    ),
  );
}

/** Prints payments' times with and without a day being reconciled. */
export async function load(words: Words): Promise<void> {
  const { database, ...settings } = z
    .strictObject({
      orders: count.default(1_000_000),
      sales: count.default(400),
      concurrency: count.default(4),
      database: databases,
    })
    .parse(words);
  const results = await benchLoad({ ...settings, databases: database });
  console.log(`\n${settings.orders} orders reconciled under ${settings.concurrency} payments at a time; ms`);
  console.table(
    Object.fromEntries(
      results.map(({ database, withoutMs, withMs, paidWith, runSeconds }) => [
        database,
        {
          'p50 without': ms(withoutMs.p50),
          'p50 with': ms(withMs.p50),
          'p99 without': ms(withoutMs.p99),
          'p99 with': ms(withMs.p99),
          'p99 ratio': (withMs.p99 / withoutMs.p99).toFixed(2),
          'worst without': ms(withoutMs.worst),
          'worst with': ms(withMs.worst),
          'paid meanwhile': paidWith,
          'run seconds': runSeconds.toFixed(1),
        },
      ]),
    ),
  );
}

/** Prints how long a list of many rows takes to become a file and what memory it takes, beside the least that could be done. */
async function exportList(words: Words): Promise<void> {
  const { rows } = z.strictObject({ rows: count.default(1_000_000) }).parse(words);
  const results = await benchExport(rows);
  console.log(`\n${rows.toLocaleString('en-US')} orders of eleven columns into one file\n`);
  console.table(
    Object.fromEntries(
      results.map(({ subject, seconds, bytes, baseMb, peakMb, stallMs }) => [
        subject,
        {
          seconds: seconds.toFixed(1),
          'rows/s': Math.round(rows / seconds),
          'file MB': (bytes / 2 ** 20).toFixed(0),
          'RSS before, MB': Math.round(baseMb),
          'RSS peak, MB': Math.round(peakMb),
          'event loop p99, ms': ms(stallMs),
        },
      ]),
    ),
  );
  const secondsOf = (name: string) => results.find(({ subject }) => subject === name)?.seconds ?? Number.NaN;
  const ratio = (ours: string, peer: string) => (secondsOf(ours) / secondsOf(peer)).toFixed(2);
  console.log(`Excel takes ${ratio('platform · xlsx · sqlite', 'bare · xlsx · sqlite')}× exceljs alone`);
  console.log(
    `CSV takes ${ratio('platform · csv · sqlite', 'bare · csv · sqlite')}× lines straight from the database`,
  );
}

/** Prints what a round of the wall costs with few and many orders, beside the bare question on the orders themselves. */
export async function wall(words: Words): Promise<void> {
  const { orders: many, database: asked } = z
    .strictObject({ orders: count.default(10_000_000), database: databases })
    .parse(words);
  for (const database of asked) {
    const sizes = [many / 100, database === 'sqlite' ? many / 10 : many];
    const line = ({ orders, firstCountSeconds, countMs, minuteRows, refreshMs, bareMs }: WallBench) => ({
      database,
      orders,
      'refresh ms': ms(refreshMs),
      'bare question ms': ms(bareMs),
      'rows by minute': minuteRows,
      'first count s': firstCountSeconds.toFixed(1),
      'count of 100 new ms': ms(countMs),
    });
    const [few, more] = await benchWall(database, sizes, {
      tell: (result) => console.log(line(result)),
    });
    if (!few || !more) continue;
    const ratio = (figure: 'refreshMs' | 'bareMs') => (more[figure] / few[figure]).toFixed(1);
    console.log(
      `${database}: at ${more.orders / few.orders} × the orders a round of the wall takes ${ratio('refreshMs')} × the time, the bare question ${ratio('bareMs')} ×`,
    );
  }
}

export { exportList as export };
