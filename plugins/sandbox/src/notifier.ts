import { randomUUID } from 'node:crypto';
import type { SandboxClock } from './clock';
import type { Faults } from './faults';

export interface NotificationBody {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A notification before it is signed: signing happens at each attempt, with the time of that attempt. */
export interface NotificationDraft {
  channel: string;
  orderNo: string;
  about: 'payment' | 'refund';
  /** `tamper` writes another amount, still signed with the right key. */
  render(options: { tamper: boolean }): NotificationBody;
  acknowledged(status: number, body: string): boolean;
  /** Waits between attempts, in ms. */
  schedule: readonly number[];
  timeoutMs: number;
}

export interface SentNotification {
  id: string;
  channel: NotificationDraft['channel'];
  orderNo: string;
  about: NotificationDraft['about'];
  state: 'sending' | 'acknowledged' | 'waiting' | 'given_up' | 'lost' | 'held';
  attempts: { at: number; status: number | null; acknowledged: boolean; answer: string }[];
}

export interface Notifier {
  send(draft: NotificationDraft): Promise<void>;
  list(filter?: { channel?: string; orderNo?: string }): SentNotification[];
  /** Sends the last notification of an order again, as a network that repeats itself would. */
  resend(orderNo: string, times?: number): Promise<number>;
  /** Waits until no attempt is under way (waits between attempts do not count). */
  settled(): Promise<void>;
  destroy(): void;
}

const KEPT = 5_000;

export function createNotifier(options: {
  clock: SandboxClock;
  faults: Faults;
  fetch: typeof globalThis.fetch;
  retryScale: number;
}): Notifier {
  const sent: { record: SentNotification; draft: NotificationDraft }[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const busy = new Set<Promise<void>>();
  const held: (() => void)[] = [];
  let destroyed = false;

  function later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timer.unref();
    timers.add(timer);
  }

  function track(work: Promise<void>): Promise<void> {
    busy.add(work);
    void work.finally(() => busy.delete(work));
    return work;
  }

  async function attempt(
    record: SentNotification,
    draft: NotificationDraft,
    tamper: boolean,
  ): Promise<boolean> {
    const message = draft.render({ tamper });
    let status: number | null = null;
    let answer = '';
    try {
      const response = await options.fetch(message.url, {
        method: 'POST',
        headers: message.headers,
        body: message.body,
        redirect: 'error',
        signal: AbortSignal.timeout(draft.timeoutMs),
      });
      status = response.status;
      answer = await response.text();
    } catch (error) {
      answer = error instanceof Error ? error.message : 'no answer';
    }
    const acknowledged = status !== null && draft.acknowledged(status, answer);
    record.attempts.push({ at: options.clock.now(), status, acknowledged, answer: answer.slice(0, 500) });
    return acknowledged;
  }

  async function deliver(
    record: SentNotification,
    draft: NotificationDraft,
    tamper: boolean,
    round: number,
  ): Promise<void> {
    if (destroyed) return;
    record.state = 'sending';
    if (await attempt(record, draft, tamper)) {
      record.state = 'acknowledged';
      return;
    }
    const wait = draft.schedule[round];
    if (wait === undefined) {
      record.state = 'given_up';
      return;
    }
    record.state = 'waiting';
    later(wait * options.retryScale, () => void track(deliver(record, draft, tamper, round + 1)));
  }

  async function start(draft: NotificationDraft): Promise<void> {
    const record: SentNotification = {
      id: randomUUID(),
      channel: draft.channel,
      orderNo: draft.orderNo,
      about: draft.about,
      state: 'sending',
      attempts: [],
    };
    sent.push({ record, draft });
    if (sent.length > KEPT) sent.shift();
    const point = { channel: draft.channel, operation: 'notify', orderNo: draft.orderNo } as const;
    const fault = options.faults.take(
      ['duplicate_notify', 'delay_notify', 'reorder_notify', 'lost_notify', 'tampered_notify_amount'],
      point,
    );
    if (fault?.kind === 'lost_notify') {
      record.state = 'lost';
      return;
    }
    if (fault?.kind === 'delay_notify') {
      record.state = 'waiting';
      later(fault.delayMs ?? 1_000, () => void track(deliver(record, draft, false, 0)));
      return;
    }
    if (fault?.kind === 'reorder_notify') {
      // It waits for the next notification to overtake it, or for a moment when none comes.
      record.state = 'held';
      let released = false;
      const release = () => {
        if (released) return;
        released = true;
        void track(deliver(record, draft, false, 0));
      };
      held.push(release);
      later(fault.delayMs ?? 3_000, release);
      return;
    }
    await deliver(record, draft, fault?.kind === 'tampered_notify_amount', 0);
    if (fault?.kind === 'duplicate_notify') {
      for (let copy = 1; copy < (fault.copies ?? 2); copy += 1) await attempt(record, draft, false);
    }
    for (const release of held.splice(0)) release();
  }

  return {
    send: (draft) => (destroyed ? Promise.resolve() : track(start(draft))),
    list: (filter = {}) =>
      sent
        .map(({ record }) => record)
        .filter((record) => filter.channel === undefined || record.channel === filter.channel)
        .filter((record) => filter.orderNo === undefined || record.orderNo === filter.orderNo),
    async resend(orderNo, times = 1) {
      const last = sent.findLast(({ record }) => record.orderNo === orderNo);
      if (last === undefined) return 0;
      for (let time = 0; time < times; time += 1) await attempt(last.record, last.draft, false);
      return times;
    },
    async settled() {
      while (busy.size > 0) await Promise.allSettled([...busy]);
    },
    destroy() {
      destroyed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
