import { expect, test } from '@jest/globals';
import { flood, told } from './flood';

/** The long form is `npm run chaos`: ten thousand alarms within a minute, Redis away as well, on both databases. */
test('a flood of alarms with the webhook away disturbs no payment, and each message arrives once afterwards', async () => {
  const figures = await flood({
    database: 'sqlite',
    alarms: 300,
    matters: 4,
    payments: 10,
    withinMs: 1500,
    withRedis: false,
  });
  process.stdout.write(told(figures));
  expect(figures).toMatchObject({
    paid: 23,
    alarmsKept: 300,
    alarmsCounted: 300,
    messages: 4,
    taken: 4,
    different: 4,
    deliveriesLeft: 0,
  });
  // Longer than the flood itself waits for what has to arrive: a busy machine is slow, not wrong.
}, 400_000);
