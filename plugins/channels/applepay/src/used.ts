import { freshMs } from './token';

/** The attempt that each token paid, by transaction id, for longer than any token is fresh. */
const used = new Map<string, { attemptNo: string; until: number }>();

/** A token pays one attempt, however often that is tried. False: it paid another one. */
export function claim(transactionId: Buffer, attemptNo: string, now: Date): boolean {
  for (const [id, { until }] of used) if (until < now.getTime()) used.delete(id);
  const id = transactionId.toString('hex');
  const known = used.get(id);
  if (known !== undefined) return known.attemptNo === attemptNo;
  used.set(id, { attemptNo, until: now.getTime() + 2 * freshMs });
  return true;
}
