/** Counts in windows of time, in this process: enough against guessing, and nothing is lost with it. */
export interface Limiter {
  /** Counts one; false when the window already holds as many as it may. */
  take(key: string): boolean;
  isOver(key: string): boolean;
}

const mostKeys = 10_000;

export function createLimiter(limit: number, windowMs: number, now: () => number): Limiter {
  const counts = new Map<string, { count: number; until: number }>();

  const current = (key: string) => {
    const found = counts.get(key);
    return found && found.until > now() ? found : undefined;
  };

  return {
    isOver: (key) => (current(key)?.count ?? 0) >= limit,
    take(key) {
      const found = current(key) ?? { count: 0, until: now() + windowMs };
      if (found.count >= limit) return false;
      // The oldest window goes first when there are too many.
      if (counts.size >= mostKeys) counts.delete(counts.keys().next().value ?? '');
      counts.set(key, { ...found, count: found.count + 1 });
      return true;
    },
  };
}
