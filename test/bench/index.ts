import { benchOrders } from './orders';

const ms = (value: number) => value.toFixed(1);

/** Prints orders per second and what is added to the gateway's own time, for the platform and the bare peer. */
export async function orders(options: { orders?: number; concurrency?: number }): Promise<void> {
  const settings = { orders: options.orders ?? 2000, concurrency: options.concurrency ?? 16 };
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
