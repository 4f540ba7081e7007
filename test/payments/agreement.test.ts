import { expect, test } from '@jest/globals';
import { agree } from './agreement';

/** The long form is `npm run fuzz`. A failure names its seed: AGREEMENT_SEED repeats it. */
const seed = process.env.AGREEMENT_SEED ? { seed: Number(process.env.AGREEMENT_SEED) } : {};

test('after any history, five crashes among them, gateways, HIS and platform hold the same ledger: SQLite', async () => {
  const { sequences, kills } = await agree({
    database: 'sqlite',
    hisRefusal: 'refund',
    sequences: 112,
    batchSize: 16,
    kills: 5,
    restarts: 1,
    ...seed,
  });
  expect({ sequences, kills }).toEqual({ sequences: 112, kills: 5 });
}, 300_000);

test('after any history, a crash among them, gateways, HIS and platform hold the same ledger: PostgreSQL', async () => {
  const { sequences, kills } = await agree({
    database: 'postgres',
    hisRefusal: 'case',
    sequences: 32,
    batchSize: 16,
    kills: 1,
    restarts: 0,
    ...seed,
  });
  expect({ sequences, kills }).toEqual({ sequences: 32, kills: 1 });
}, 180_000);
