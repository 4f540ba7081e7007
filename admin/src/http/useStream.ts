import { useEffect, useState } from 'react';
import type { z } from 'zod';
import { failureOf } from './client';
import { type Failure, unreadable } from './failure';
import { readEvents } from './stream';

export type Connection = 'connecting' | 'live' | 'broken' | 'paused';

const firstRetryMs = 1000;
const longestRetryMs = 30_000;

/** The last event of a name as the server sends them; tries again ever more slowly, and rests while nobody looks. */
export function useStream<Schema extends z.ZodType>(path: string, name: string, schema: Schema) {
  const [data, setData] = useState<z.output<Schema>>();
  const [connection, setConnection] = useState<Connection>('connecting');
  const [failure, setFailure] = useState<Failure>();

  useEffect(() => {
    let reading: AbortController | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let retryMs = firstRetryMs;
    setData(undefined);
    setFailure(undefined);

    const stop = () => {
      reading?.abort();
      reading = undefined;
      clearTimeout(timer);
    };
    const again = (ms: number) => {
      timer = setTimeout(start, ms);
    };
    const start = () => {
      const mine = new AbortController();
      reading = mine;
      readEvents(
        path,
        ({ event, data: text }) => {
          if (event !== name) return;
          const parsed = schema.safeParse(JSON.parse(text));
          if (!parsed.success) {
            setFailure(unreadable(path));
            return;
          }
          retryMs = firstRetryMs;
          setData(parsed.data);
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
  }, [path, name, schema]);

  return { data, connection, failure };
}
