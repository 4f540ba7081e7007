import type { Events } from '@hospital-pay/payments';
import type { HisNews, Realtime } from './realtime';

export interface News {
  settled(): Promise<void>;
  /** Stops listening and waits for the comparisons that are under way. */
  close(): Promise<void>;
}

const atOnce = 4;
/** HIS tells thousands at a time; they are looked up together. */
const hisAtOnce = 500;

/**
 * Every change of an order, a refund or a HIS record is compared within moments. News of the same order that
 * arrives while it waits is one comparison. Nothing is lost with the process: what is due stands in the tables.
 */
export function followNews(events: Events, realtime: Realtime, report: (error: unknown) => void): News {
  const waiting = new Map<string, () => Promise<void>>();
  const told = new Map<string, HisNews>();
  const running = new Set<Promise<void>>();
  let isReadingHis = false;

  function hear(key: string, task: () => Promise<void>): void {
    waiting.set(key, task);
    setImmediate(drain);
  }

  function hearHis(news: HisNews): void {
    told.set(`${news.merchantCode} ${news.hisSerialNo} ${news.formerOrderNo ?? ''}`, news);
    setImmediate(drain);
  }

  function start(task: () => Promise<void>): void {
    const run: Promise<void> = task()
      .catch(report)
      .finally(() => {
        running.delete(run);
        setImmediate(drain);
      });
    running.add(run);
  }

  function drain(): void {
    if (told.size > 0 && !isReadingHis) {
      const news = [...told].slice(0, hisAtOnce);
      for (const [key] of news) told.delete(key);
      isReadingHis = true;
      start(() =>
        realtime.hisRecords(news.map(([, entry]) => entry)).finally(() => {
          isReadingHis = false;
        }),
      );
    }
    for (const [key, task] of waiting) {
      if (running.size >= atOnce) return;
      waiting.delete(key);
      start(task);
    }
  }

  const stops = [
    events.on('order.changed', ({ orderNo }) => hear(`order ${orderNo}`, () => realtime.order(orderNo))),
    events.on('refund.changed', ({ orderNo }) => hear(`order ${orderNo}`, () => realtime.order(orderNo))),
    events.on('his.changed', ({ merchantCode, hisSerialNo, orderNo }) =>
      hearHis({ merchantCode, hisSerialNo, formerOrderNo: orderNo }),
    ),
  ];

  async function settled(): Promise<void> {
    while (waiting.size > 0 || told.size > 0 || running.size > 0) {
      drain();
      await Promise.allSettled([...running]);
    }
  }

  return {
    settled,
    async close() {
      for (const stop of stops) stop();
      // What waits is due in the tables and found by the next process's sweep.
      waiting.clear();
      told.clear();
      await settled();
    },
  };
}
