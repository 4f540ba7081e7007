const failuresBeforeLock = 5;
const firstLockMinutes = 15;
const longestLockMinutes = 24 * 60;

/**
 * When an account with this many consecutive failures is locked until: every fifth failure locks it,
 * each time twice as long. `undefined` while it may go on trying.
 */
export function lockedUntil(failedCount: number, now: Date): Date | undefined {
  if (failedCount === 0 || failedCount % failuresBeforeLock !== 0) return undefined;
  const doublings = failedCount / failuresBeforeLock - 1;
  const minutes = Math.min(longestLockMinutes, firstLockMinutes * 2 ** Math.min(doublings, 20));
  return new Date(now.getTime() + minutes * 60_000);
}
