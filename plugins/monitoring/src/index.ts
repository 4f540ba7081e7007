import { type AccountLock, access } from '@hospital-pay/access';
import { type PaymentEvents, payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { createMetrics } from './metrics';
import { metricsMiddleware } from './metrics-page';
import { createRecorder } from './recorder';

export { createRecorder, type Recorder, type RecorderOptions } from './recorder';
export { scrub } from './scrub';
export { createWallViews } from './wall-views';

/** What the platform remembers of its calls and alarms. */
export interface Monitoring {
  /** Writes what is still in memory: for tests and for the end of the process. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const instances = new WeakMap<object, Monitoring>();

export function monitoring(strapi: Core.Strapi): Monitoring {
  const instance = instances.get(strapi);
  if (instance === undefined) throw new Error('the monitoring plugin is not registered');
  return instance;
}

export function install(strapi: Core.Strapi): void {
  const recorder = createRecorder({
    db: () => strapi.db.connection,
    channels: () => payments(strapi).channels(),
    warn: (text) => strapi.log.warn(`monitoring: ${text}`),
  });
  const { events, outbox } = payments(strapi);
  outbox.handle('alarm', async (alarm) => {
    await recorder.keepMessage(alarm);
    return { kind: 'done' };
  });
  const metrics = createMetrics({
    db: () => strapi.db.connection,
    now: () => payments(strapi).clock.now(),
    events,
  });
  strapi.server.use(metricsMiddleware(metrics, process.env.METRICS_TOKEN));
  const stops = [
    metrics.stop,
    recorder.attach(events),
    access(strapi).sessions.onLocked((lock) => events.emit('alarm', lockAlarm(lock))),
  ];
  instances.set(strapi, {
    flush: () => recorder.flush(),
    async stop() {
      for (const stop of stops) stop();
      await recorder.flush();
    },
  });
}

/** Five wrong passwords are somebody's bad memory or somebody else's guesses: a person should know. */
function lockAlarm({ username, ip, at, until }: AccountLock): PaymentEvents['alarm'] {
  const minutes = Math.round((until.getTime() - at.getTime()) / 60_000);
  return {
    kind: 'account_locked',
    level: 'warning',
    zh: `账号 ${username} 连续输错密码，已锁定 ${minutes} 分钟${ip ? `（来自 ${ip}）` : ''}`,
    en: `Account ${username} is locked for ${minutes} minutes after wrong passwords${ip ? ` from ${ip}` : ''}`,
    orderNo: null,
    dedupeKey: `locked:${username}:${until.toISOString()}`,
  };
}
