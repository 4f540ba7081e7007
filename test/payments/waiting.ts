import { randomBytes } from 'node:crypto';
import { createTurnableClock, type TurnableClock } from './agreement/clock';

export const newNo = () => `T${randomBytes(8).toString('hex')}`;
export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Turns the clock in small steps, each followed by the time it takes to answer, until it is so. */
export async function passTime<Value>(
  clock: TurnableClock,
  limits: { seconds: number; stepSeconds?: number },
  read: () => Promise<Value>,
  isSo: (value: Value) => boolean,
): Promise<Value> {
  const step = limits.stepSeconds ?? 1;
  for (let passed = 0; ; passed += step) {
    const value = await read();
    if (isSo(value)) return value;
    if (passed > limits.seconds) throw new Error(`not within ${passed} s: ${JSON.stringify(value)}`);
    clock.turn(step * 1000);
    await pause(60);
  }
}

/** Waits in real time. */
export async function until<Value>(
  read: () => Promise<Value>,
  isSo: (value: Value) => boolean,
  ms = 20_000,
): Promise<Value> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (Date.now() > end) throw new Error(`not in time: ${JSON.stringify(value)}`);
    await pause(50);
  }
}

export { createTurnableClock };
