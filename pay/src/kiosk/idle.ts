export interface Idle {
  secondsLeft: number;
  /** Time to ask whether anybody is still there. */
  isWarning: boolean;
  isOver: boolean;
}

const warningSeconds = 15;

/** How long the machine still waits for whoever touched it last; all times in ms. */
export function idleAfter(touchedAt: number, now: number, limitMs: number): Idle {
  const secondsLeft = Math.max(0, Math.ceil((touchedAt + limitMs - now) / 1000));
  return { secondsLeft, isWarning: secondsLeft <= warningSeconds, isOver: secondsLeft === 0 };
}
