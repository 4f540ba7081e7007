import { describe, expect, test } from '@jest/globals';
import { createCircuits, silentPayments } from './circuits';
import type { Outcome } from './contract';

const silence: Outcome = { kind: 'unknown', cause: 'timeout' };
const refusal: Outcome = { kind: 'failed', code: 'NOTENOUGH', message: 'not enough money' };
const says = (outcome: Outcome) => async () => outcome;
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function circuitsThatPause(pauseMs: number) {
  const news: string[] = [];
  const circuits = createCircuits({
    pauseMs,
    onChange: (accountCode, state) => news.push(`${accountCode} ${state}`),
  });
  const hear = async (...outcomes: Outcome[]) => {
    for (const outcome of outcomes) await circuits.watch('a', says(outcome));
  };
  const silences = (count: number) => hear(...Array<Outcome>(count).fill(silence));
  return { circuits, news, hear, silences };
}

describe('the circuit of a channel account', () => {
  test('opens after so many payments in a row without an answer, and says so once', async () => {
    const { circuits, news, silences } = circuitsThatPause(60_000);
    await silences(silentPayments - 1);
    expect(circuits.stateOf('a')).toBe('closed');
    await silences(2);
    expect(circuits.stateOf('a')).toBe('open');
    expect(news).toEqual(['a open']);
    expect(circuits.stateOf('b')).toBe('closed');
  });

  test('a refusal is an answer: it starts the count anew', async () => {
    const { circuits, hear, silences } = circuitsThatPause(60_000);
    await silences(silentPayments - 1);
    await hear(refusal);
    await silences(silentPayments - 1);
    expect(circuits.stateOf('a')).toBe('closed');
  });

  test('while open every call is made all the same, and its answer given', async () => {
    const { circuits, silences } = circuitsThatPause(60_000);
    await silences(silentPayments);
    expect(await circuits.watch('a', says(refusal))).toEqual(refusal);
  });

  test('after the pause one payment tries it while the others keep away, and an answer closes it', async () => {
    const { circuits, news, silences } = circuitsThatPause(20);
    await silences(silentPayments);
    await later(30);
    expect(circuits.stateOf('a')).toBe('trial');
    let answer: (outcome: Outcome) => void = () => undefined;
    const trial = circuits.watch('a', () => new Promise((resolve) => (answer = resolve)));
    expect(circuits.stateOf('a')).toBe('open');
    answer(refusal);
    expect(await trial).toEqual(refusal);
    expect(circuits.stateOf('a')).toBe('closed');
    expect(news).toEqual(['a open', 'a closed']);
  });

  test('a trial without an answer leaves it alone for another pause, without telling it again', async () => {
    const { circuits, news, silences } = circuitsThatPause(20);
    await silences(silentPayments);
    await later(30);
    await silences(1);
    expect(circuits.stateOf('a')).toBe('open');
    expect(news).toEqual(['a open']);
  });
});
