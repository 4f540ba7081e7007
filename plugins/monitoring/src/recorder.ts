import {
  completeRow,
  currentTrace,
  type Events,
  type KnownError,
  type PaymentEvents,
} from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { type Batch, createBatch } from './batch';
import type { Alarm, Rung } from './messages/book';
import { scrub, storable } from './scrub';
import { explain, looksForged } from './wording';

type Db = Core.Strapi['db']['connection'];
type Attributes = Record<string, unknown>;

export interface RecorderOptions {
  db: () => Db;
  /** What is known of a channel's code. */
  known: (channel: string, code: string) => KnownError | undefined;
  /** Told when something could not be written. Nothing of a row goes into it. */
  warn: (text: string) => void;
  /** Makes messages of alarms. */
  book: (alarms: readonly Rung[]) => Promise<void>;
  delayMs?: number;
}

export interface Recorder {
  /** Starts listening; the answer stops it. */
  attach(events: Pick<Events, 'on'>): () => void;
  flush(): Promise<void>;
}

const longestBody = 64 * 1024;
const longestLine = 255;
/** One bad notification may be an accident on the way; this many within an hour are not. */
const forgedBeforeAlarm = 3;

const lengthOf = (text: unknown): number => (typeof text === 'string' ? text.length : 0);

export function createRecorder({ db, known: explained, warn, book, delayMs }: RecorderOptions): Recorder {
  const batch = <Row>(
    name: string,
    insert: (rows: Row[]) => Promise<void>,
    weigh?: (row: Row) => number,
  ): Batch<Row> =>
    createBatch<Row>({
      insert,
      ...(weigh === undefined ? {} : { weigh }),
      onLost: (count, cause) =>
        warn(`${name}: ${count} rows lost (${cause instanceof Error ? cause.name : 'unknown'})`),
      ...(delayMs === undefined ? {} : { delayMs }),
    });
  const table = (name: string): Batch<Attributes> =>
    batch(
      name,
      async (rows) => {
        const connection = db();
        await connection(name).insert(rows.map((row) => completeRow(connection, row)));
      },
      ({ request, response }) => 500 + 2 * (lengthOf(request) + lengthOf(response)),
    );
  const calls = table('interface_logs');
  const errors = table('abnormal_requests');
  const alarms = batch<Rung>('alarms', book);

  /** A payment never learns that its log could not be written. */
  const quietly =
    <Event>(listen: (event: Event) => void) =>
    (event: Event) => {
      try {
        listen(event);
      } catch (error) {
        warn(`an event could not be recorded (${error instanceof Error ? error.name : 'unknown'})`);
      }
    };

  function onCall(call: PaymentEvents['channel.call']): void {
    const known = [call.orderNo, call.attemptNo, call.refundNo].filter(
      (number) => typeof number === 'string',
    );
    // Whoever sends more than is kept makes no work with it; with as much again, no secret is cut before it is known.
    const text = (value: string, length: number) =>
      storable(scrub(value.slice(0, 2 * length), known), length, value.length);
    const shared = {
      at: call.startedAt,
      orderNo: call.orderNo,
      tradeType: call.tradeType,
      channel: call.channel,
      accountCode: call.accountCode,
      errorCode: call.errorCode === undefined ? null : storable(call.errorCode, longestLine),
    };
    calls.add({
      ...shared,
      method: storable(call.method, longestLine),
      direction: call.direction,
      url: text(call.url, 2048),
      request: text(call.request, longestBody),
      response: text(call.response, longestBody),
      httpStatus: call.httpStatus ?? null,
      durationMs: Math.round(call.durationMs),
      traceId: currentTrace(),
    });
    if (call.errorCode === undefined || call.errorCode === '') return;
    if (call.method === 'notify' && looksForged(call.errorCode)) onForged(call);
    const { method, errorCode, errorMessage } = call;
    const meant = call.channel === null ? undefined : explained(call.channel, errorCode);
    const { action, message, advice } = explain({ method, errorCode, errorMessage }, meant);
    errors.add({
      ...shared,
      errorMessage: text(message, 2000),
      action: storable(action, longestLine),
      advice,
    });
  }

  /** By account, within the hour it names. */
  const forged = new Map<string, { hour: string; count: number }>();

  function onForged({ accountCode, startedAt }: PaymentEvents['channel.call']): void {
    const account = accountCode ?? '';
    const hour = startedAt.toISOString().slice(0, 13);
    const before = forged.get(account);
    const count = before?.hour === hour ? before.count + 1 : 1;
    forged.set(account, { hour, count });
    if (count < forgedBeforeAlarm) return;
    onAlarm({
      kind: 'forged_notification',
      level: 'warning',
      zh: `账户 ${account} 一小时内多次收到无法验证的支付通知，均已拒绝，请核对密钥配置或排查伪造`,
      en: `Account ${account} was sent several notifications within an hour that do not verify; all were refused`,
      orderNo: null,
      dedupeKey: `forged:${account}:${hour}`,
      about: account,
    });
  }

  const onAlarm = (alarm: Alarm): void => alarms.add({ ...alarm, at: new Date() });

  return {
    attach(events) {
      const stops = [events.on('channel.call', quietly(onCall)), events.on('alarm', quietly(onAlarm))];
      return () => {
        for (const stop of stops) stop();
      };
    },
    async flush() {
      await Promise.all([calls.flush(), errors.flush(), alarms.flush()]);
    },
  };
}
