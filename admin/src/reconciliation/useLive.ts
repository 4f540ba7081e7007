import { useEffect, useState } from 'react';
import { failureOf } from '../http/client';
import { type LiveFigures, liveFigures } from '../http/contracts';
import { type Failure, unreadable } from '../http/failure';
import { readEvents } from '../http/stream';

export type Connection = 'connecting' | 'live' | 'broken' | 'paused';

const firstRetryMs = 1000;
const longestRetryMs = 30_000;

/** Today's figures as the server sends them; tries again ever more slowly, and rests while nobody looks. */
export function useLive(merchantCode: string | undefined, currency: string | undefined) {
  const [figures, setFigures] = useState<LiveFigures>();
  const [connection, setConnection] = useState<Connection>('connecting');
  const [failure, setFailure] = useState<Failure>();

  useEffect(() => {
    let reading: AbortController | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let retryMs = firstRetryMs;
    setFigures(undefined);
    setFailure(undefined);

    const stop = () => {
      reading?.abort();
      reading = undefined;
      clearTimeout(timer);
    };
    const again = (ms: number) => {
      timer = setTimeout(start, ms);
    };
    const asked = new URLSearchParams({
      ...(merchantCode ? { merchantCode } : {}),
      ...(currency ? { currency } : {}),
    });
    const path = `/reconciliation/live${asked.size > 0 ? `?${asked}` : ''}`;
    const start = () => {
      const mine = new AbortController();
      reading = mine;
      readEvents(
        path,
        ({ event, data }) => {
          if (event !== 'figures') return;
          const parsed = liveFigures.safeParse(JSON.parse(data));
          if (!parsed.success) {
            setFailure(unreadable(path));
            return;
          }
          retryMs = firstRetryMs;
          setFigures(parsed.data);
          setFailure(undefined);
          setConnection('live');
        },
        mine.signal,
      ).then(
        // The server ends it when the sign-in has run out: the next question renews that.
        () => {
          if (mine.signal.aborted) return;
          setConnection('connecting');
          again(firstRetryMs);
        },
        (error: unknown) => {
          if (mine.signal.aborted) return;
          const reason = failureOf(error);
          const isRefused = reason.statusCode === 401 || reason.statusCode === 403;
          setConnection('broken');
          if (isRefused) {
            setFailure(reason);
            return;
          }
          again(retryMs);
          retryMs = Math.min(retryMs * 2, longestRetryMs);
        },
      );
    };
    const follow = () => {
      stop();
      if (document.hidden) {
        setConnection('paused');
        return;
      }
      setConnection('connecting');
      retryMs = firstRetryMs;
      start();
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    window.addEventListener('online', follow);
    return () => {
      stop();
      document.removeEventListener('visibilitychange', follow);
      window.removeEventListener('online', follow);
    };
  }, [merchantCode, currency]);

  return { figures, connection, failure };
}
