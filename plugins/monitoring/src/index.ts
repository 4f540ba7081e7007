import path from 'node:path';
import { type AccountLock, access } from '@hospital-pay/access';
import { openStorage } from '@hospital-pay/archive';
import { jobs } from '@hospital-pay/jobs';
import { type PaymentEvents, payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { type Alerts, createAlerts } from './alerts/engine';
import { createLogLists, type LogLists } from './logs/log-lists';
import { createGuard } from './messages/guard';
import { createInboxWatch, type InboxWatch } from './messages/inbox';
import { createMessages, type Messages } from './messages/messages';
import { createMetrics } from './metrics';
import { metricsMiddleware } from './metrics-page';
import { createRecorder } from './recorder';
import { readBoards, readEnglish } from './wall/boards';
import { createMinutes, type Minutes } from './wall/minutes';
import { createReader } from './wall/reader';
import { englishOf, wordsOf } from './wall/views';
import { createWall, type Wall } from './wall/wall';
import { englishOfRequests } from './wording';

export { type LogType, logTypes } from './logs/log-types';
export { createRecorder, type Recorder, type RecorderOptions } from './recorder';
export { scrub } from './scrub';
export { createWallViews } from './wall/views';

/** What the platform remembers of its calls and alarms. */
export interface Monitoring {
  messages: Messages;
  alerts: Alerts;
  inboxes: InboxWatch;
  /** Writes what is still in memory: for tests and for the end of the process. */
  flush(): Promise<void>;
  /** What dashboards read: rows added up by minute. */
  minutes: Minutes;
  /** The dashboards on the platform's own screen. */
  wall: Wall;
  logs: LogLists;
  stop(): Promise<void>;
}

const minutesEveryMs = 5000;
const hourMs = 3_600_000;

const instances = new WeakMap<object, Monitoring>();

export function monitoring(strapi: Core.Strapi): Monitoring {
  const instance = instances.get(strapi);
  if (instance === undefined) throw new Error('the monitoring plugin is not registered');
  return instance;
}

export function install(strapi: Core.Strapi): void {
  const { events, outbox, clock, vault } = payments(strapi);
  const warn = (text: string): void => {
    strapi.log.warn(`monitoring: ${text}`);
  };
  const inboxes = createInboxWatch(
    () => strapi.db.connection,
    (error) => warn(`inbox: ${error instanceof Error ? error.message : error}`),
  );
  const messages = createMessages({
    db: strapi.db.connection,
    clock,
    queue: jobs(strapi),
    vault,
    guard: createGuard(
      (process.env.MESSAGE_HOSTS_ALLOWED ?? '').split(/[,\s]+/).filter(Boolean),
      process.env.NODE_ENV !== 'production',
    ),
    warn,
    changed: inboxes.changed,
    limitMs: Number(process.env.MESSAGE_TIMEOUT_MS) || undefined,
  });
  const alerts = createAlerts({ db: strapi.db.connection, now: () => clock.now(), messages, warn });
  const recorder = createRecorder({
    db: () => strapi.db.connection,
    known: (channel, code) => payments(strapi).errorKnowledge.explain(channel, code),
    book: messages.book,
    warn,
  });
  outbox.handle('alarm', async (alarm) => {
    await messages.book([{ ...alarm, at: clock.now() }]);
    return { kind: 'done' };
  });
  const metrics = createMetrics({
    db: () => strapi.db.connection,
    now: () => clock.now(),
    events,
  });
  const minutes = createMinutes(strapi, clock);
  const boards = readBoards(process.env.DASHBOARDS_DIR || path.join(grafanaFolder(), 'dashboards'), warn);
  const english = readEnglish(path.join(grafanaFolder(), 'english.json'));
  const wall = createWall({
    boards,
    // What a dashboard says itself goes before what a code is called.
    english: () => ({ ...englishOfRequests(), ...englishOf(wordsOf(strapi)), ...english }),
    reader: () => createReader(strapi, () => clock.now()),
    now: () => clock.now(),
    countedAt: minutes.countedAt,
  });
  jobs(strapi).every('monitoring-minutes', minutesEveryMs, minutes.countAtLeisure);
  jobs(strapi).every('monitoring-minutes-of-old', hourMs, minutes.forget);
  strapi.server.use(metricsMiddleware(metrics, process.env.METRICS_TOKEN));
  const stops = [
    metrics.stop,
    inboxes.close,
    recorder.attach(events),
    access(strapi).sessions.onLocked((lock) => events.emit('alarm', lockAlarm(lock))),
  ];
  instances.set(strapi, {
    messages,
    alerts,
    inboxes,
    flush: () => recorder.flush(),
    minutes,
    wall,
    logs: createLogLists(strapi, {
      now: () => payments(strapi).clock.now(),
      storage: openStorage(
        process.env,
        path.resolve(process.env.ARCHIVE_DIR || path.join('.data', 'archive')),
        (message, cause) => new Error(message, { cause }),
      ),
    }),
    async stop() {
      await wall.close();
      for (const stop of stops) stop();
      await recorder.flush();
    },
  });
}

/** The files that Grafana is given, too. */
const grafanaFolder = (): string =>
  path.join(path.dirname(require.resolve('@hospital-pay/dashboards/package.json')), 'grafana');

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
    about: username,
  };
}
