import { useEffect, useState } from 'react';
import { call, failureOf } from '../http/client';
import type { Failure } from '../http/failure';
import { type Board, type BoardAnswer, board, boardAnswer } from './contracts';

const firstRetryMs = 1000;
const longestRetryMs = 30_000;
const longestAnswerMs = 20_000;

export interface Figures {
  board: Board | undefined;
  answer: BoardAnswer | undefined;
  /** When that answer came, on a clock that does not jump. */
  answeredAt: number;
  failure: Failure | undefined;
}

/** After the server was away it may be a newer one: then its page is loaded anew. */
async function reloadIfNewer(): Promise<void> {
  const scriptOf = (page: Document) => page.querySelector('script[type="module"]')?.getAttribute('src');
  const response = await fetch('/', { cache: 'no-store' });
  const served = scriptOf(new DOMParser().parseFromString(await response.text(), 'text/html'));
  if (response.ok && served && served !== scriptOf(document)) window.location.reload();
}

/** A dashboard and its figures, again and again; when the server is away, ever more slowly until it is back. */
export function useFigures(uid: string, search: string, refreshSeconds: number | undefined): Figures {
  const [figures, setFigures] = useState<Figures>({
    board: undefined,
    answer: undefined,
    answeredAt: performance.now(),
    failure: undefined,
  });

  useEffect(() => {
    const stopping = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    let known: Board | undefined;
    let retryMs = firstRetryMs;
    const signal = () => AbortSignal.any([stopping.signal, AbortSignal.timeout(longestAnswerMs)]);
    const path = `/monitoring/wall/${encodeURIComponent(uid)}`;

    async function round(): Promise<void> {
      let nextMs: number;
      try {
        const current = known ?? (await call(path, board, { signal: signal() }));
        const answer = await call(`${path}/figures${search}`, boardAnswer, { signal: signal() });
        known = current;
        setFigures({ board: current, answer, answeredAt: performance.now(), failure: undefined });
        nextMs = (refreshSeconds ?? current.refreshSeconds) * 1000;
        if (retryMs > firstRetryMs) await reloadIfNewer().catch(() => undefined);
        retryMs = firstRetryMs;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const failure = failureOf(error);
        setFigures((before) => ({ ...before, failure }));
        known = undefined;
        nextMs = retryMs;
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
      if (!stopping.signal.aborted) timer = setTimeout(() => void round(), nextMs);
    }
    void round();
    return () => {
      stopping.abort();
      clearTimeout(timer);
    };
  }, [uid, search, refreshSeconds]);

  return figures;
}
