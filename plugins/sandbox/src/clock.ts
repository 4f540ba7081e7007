import { DateTime } from 'luxon';

export const CHINA = 'Asia/Shanghai';

/** The gateway's own clock. Signatures are judged by real time; the business day follows the shifted one. */
export interface SandboxClock {
  now(): number;
  /** Real time, whatever shift is in force: what timestamps of requests are compared with. */
  wall(): number;
  advance(ms: number): void;
  set(at: number): void;
  reset(): void;
}

export function createClock(source: { now(): number }): SandboxClock {
  let shift = 0;
  return {
    now: () => source.now() + shift,
    wall: () => source.now(),
    advance: (ms) => {
      shift += ms;
    },
    set: (at) => {
      shift = at - source.now();
    },
    reset: () => {
      shift = 0;
    },
  };
}

export function chinaTime(at: number): string {
  return inChina(at).toFormat('yyyy-MM-dd HH:mm:ss');
}

export function chinaDay(at: number): string {
  return inChina(at).toFormat('yyyy-MM-dd');
}

export function chinaCompact(at: number): string {
  return inChina(at).toFormat('yyyyMMddHHmmss');
}

export function chinaRfc3339(at: number): string {
  return inChina(at).toFormat("yyyy-MM-dd'T'HH:mm:ssZZ");
}

export function chinaDaySpan(day: string): { from: number; to: number } | null {
  return daySpan(day, CHINA);
}

/** The first and the last millisecond of a day in a zone, or null when the text is not a day. */
export function daySpan(day: string, zone: string): { from: number; to: number } | null {
  const start = DateTime.fromFormat(day, 'yyyy-MM-dd', { zone });
  if (!start.isValid) return null;
  return { from: start.toMillis(), to: start.plus({ days: 1 }).toMillis() - 1 };
}

export function parseChinaTime(text: string): number | null {
  const at = DateTime.fromFormat(text, 'yyyy-MM-dd HH:mm:ss', { zone: CHINA });
  return at.isValid ? at.toMillis() : null;
}

export function parseChinaCompact(text: string): number | null {
  const at = DateTime.fromFormat(text, 'yyyyMMddHHmmss', { zone: CHINA });
  return at.isValid ? at.toMillis() : null;
}

function inChina(at: number): DateTime {
  return DateTime.fromMillis(at, { zone: CHINA });
}
