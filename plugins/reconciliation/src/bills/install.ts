import { type ArchiveStorage, openStorage } from '@hospital-pay/archive';
import type { Clock, Queue } from '@hospital-pay/jobs';
import { BillError, type BillKind, type Payments } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import type { Engine } from '../engine/engine';
import { fail } from '../errors';
import type { BillArchive, BillVersion } from './archive';
import { createBillCalendar, type ReadCalendar } from './calendar';
import { type Difference, differenceOf } from './difference';
import { billFailure } from './failure';
import { createFundFlows, type FundFlows } from './fund-flows';
import { createBillUpload, type UploadBill } from './upload';

const sweepEveryMs = 60_000;
const changesTold = 200;

/** Everything that can be asked of the kept bills. */
export interface Bills {
  archive: BillArchive;
  calendar: ReadCalendar;
  upload: UploadBill;
  fundFlows: FundFlows;
  /** @throws BILL_NOT_FOUND */
  version(key: { accountCode: string; date: string; kind: BillKind; version: number }): Promise<BillVersion>;
  /** How two versions of one trade bill differ. @throws BILL_NOT_FOUND */
  difference(key: { accountCode: string; date: string; before: number; after: number }): Promise<Difference>;
}

/** A store that is away makes a run wait, it does not fail it. */
export const storageOf = (environment: NodeJS.ProcessEnv, folder: string): ArchiveStorage =>
  openStorage(
    environment,
    folder,
    (message, cause) => new BillError('UNAVAILABLE', message, undefined, { cause }),
  );

export function createBills(options: {
  db: Knex;
  clock: Clock;
  queue: Queue;
  payments: Payments;
  archive: BillArchive;
  engine: Engine;
}): Bills {
  const { db, clock, payments, archive, engine } = options;
  const version: Bills['version'] = async ({ version: wanted, ...key }) => {
    const found = (await archive.versions(key)).find((each) => each.version === wanted);
    if (!found) throw fail('BILL_NOT_FOUND', { ...key, version: wanted });
    return found;
  };
  return {
    archive,
    calendar: createBillCalendar(db, clock, payments),
    upload: createBillUpload(options),
    fundFlows: createFundFlows(options),
    version,
    async difference({ before, after, ...key }) {
      const [earlier, later] = await Promise.all(
        [before, after].map(async (each) =>
          archive.parquet(await version({ ...key, kind: 'trade', version: each })),
        ),
      ).catch(billFailure);
      if (earlier === undefined || later === undefined) throw fail('BILL_NOT_FOUND', { ...key });
      return engine.look([earlier, later], (duck) => differenceOf(duck, earlier, later, changesTold));
    },
  };
}

export function workBills(queue: Queue, { fundFlows }: Bills): void {
  queue.work('fund-flow', ({ payload }) => fundFlows.work(payload));
  queue.every('fund-flows', sweepEveryMs, () => fundFlows.sweep());
}
