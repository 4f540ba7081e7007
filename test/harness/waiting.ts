import { setTimeout as pause } from 'node:timers/promises';
import type { TurnableClock } from './clock';

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
    if (passed > limits.seconds) throw new Error(`not within ${passed} s: ${told(value)}`);
    clock.turn(step * 1000);
    await pause(60);
  }
}

/** Waits in real time: longer than a busy machine needs, unless told otherwise. */
export async function until<Value>(
  read: () => Promise<Value> | Value,
  isSo: (value: Value) => boolean = Boolean,
  ms = 30_000,
): Promise<Value> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (Date.now() > end) throw new Error(`not in time: ${told(value)}`);
    await pause(25);
  }
}

const told = (value: unknown): string => JSON.stringify(value)?.slice(0, 2000);
