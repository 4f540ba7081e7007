import type { HisBills } from './bills';
import type { HisRecords } from './records';

export type { HisBill, HisBills, UnpaidBills } from './bills';
export { hisErrors } from './errors';
export type { HisRecordInput } from './record';
export type { HisRecords, RowResult } from './records';

/** What other rooms and the seeds use of this one. */
export interface His {
  records: HisRecords;
  bills: HisBills;
}

const running = new WeakMap<object, His>();

/** The HIS connection of one running application (`host` is its Strapi instance), from its register phase on. */
export function his(host: object): His {
  const instance = running.get(host);
  if (!instance) throw new Error('the his plugin is not registered');
  return instance;
}

/** @internal called by the plugin's register. */
export function provideHis(host: object, instance: His): void {
  running.set(host, instance);
}
