import { useCallback, useEffect, useRef, useState } from 'react';
import { z } from 'zod';
import { call, failureOf } from '../http/client';
import { type OrderView, orderView, page } from '../http/contracts';
import type { Failure } from '../http/failure';
import { isAwaitingHis, isFinal, type SaleBody } from './sale';

/**
 * `unanswered`: the request went out and nothing came back; the money may have been taken. It is asked again with the
 * same number and body, which the platform answers without charging twice.
 */
export type Sale =
  | { phase: 'sending'; merchantOrderNo: string; amountFen: number }
  | { phase: 'unanswered'; merchantOrderNo: string; amountFen: number; failure: Failure }
  | { phase: 'refused'; merchantOrderNo: string; amountFen: number; failure: Failure }
  | { phase: 'live'; merchantOrderNo: string; amountFen: number; order: OrderView; isOffline: boolean };

/** What survives a reload of the page: numbers only, no patient and no payment code. */
const remembered = z.object({
  merchantOrderNo: z.string(),
  amountFen: z.number(),
  orderNo: z.string().optional(),
});
const storageKey = 'hospital-pay.sale';

function recall(): z.infer<typeof remembered> | undefined {
  try {
    return remembered.safeParse(JSON.parse(sessionStorage.getItem(storageKey) ?? 'null')).data;
  } catch {
    return undefined;
  }
}
const remember = (sale: z.infer<typeof remembered>) =>
  sessionStorage.setItem(storageKey, JSON.stringify(sale));
const forget = () => sessionStorage.removeItem(storageKey);

const path = (orderNo: string, verb = '') => `/payments/cashier/orders/${encodeURIComponent(orderNo)}${verb}`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** After this long without an answer from HIS the counter stops looking; the outbox goes on. */
const hisPatienceMs = 120_000;

/** One sale at a time, from its request to its final answer, also across a lost connection or a reload. */
export function useSale(onRestored: () => void) {
  const [sale, setSale] = useState<Sale>();
  /** The request of the sale at hand. Set before anything is sent: a second press finds it and does nothing. */
  const body = useRef<SaleBody | undefined>(undefined);
  const live = sale?.phase === 'live' ? sale.order : undefined;

  const adopt = useCallback((order: OrderView, merchantOrderNo: string, amountFen: number) => {
    if (isFinal(order)) forget();
    else remember({ merchantOrderNo, amountFen, orderNo: order.orderNo });
    setSale({ phase: 'live', merchantOrderNo, amountFen, order, isOffline: false });
  }, []);

  const send = useCallback(
    async (request: SaleBody) => {
      const { merchantOrderNo, amountFen } = request;
      setSale({ phase: 'sending', merchantOrderNo, amountFen });
      remember({ merchantOrderNo, amountFen });
      try {
        const order = await call('/payments/cashier/orders', orderView, { method: 'POST', body: request });
        adopt(order, merchantOrderNo, amountFen);
      } catch (error) {
        const failure = failureOf(error);
        const isRefused = failure.statusCode >= 400 && failure.statusCode < 500 && failure.statusCode !== 408;
        if (isRefused) forget();
        setSale({ phase: isRefused ? 'refused' : 'unanswered', merchantOrderNo, amountFen, failure });
      }
    },
    [adopt],
  );

  const start = useCallback(
    (request: SaleBody): boolean => {
      if (body.current) return false;
      body.current = request;
      void send(request);
      return true;
    },
    [send],
  );

  const askAgain = useCallback(async () => {
    if (body.current) return send(body.current);
    const held = recall();
    if (!held) return undefined;
    try {
      const { data } = await call('/orders', page, {
        query: { 'filters[merchantOrderNo][$eq]': held.merchantOrderNo },
      });
      const orderNo = data[0]?.orderNo;
      if (typeof orderNo !== 'string') {
        // The request never arrived: nothing was asked of any channel.
        forget();
        setSale(undefined);
        return undefined;
      }
      adopt(await call(path(orderNo), orderView), held.merchantOrderNo, held.amountFen);
    } catch (error) {
      setSale({ phase: 'unanswered', ...held, failure: failureOf(error) });
    }
    return undefined;
  }, [adopt, send]);

  /** Ends the sale at the counter; the next one gets a number of its own. */
  const clear = useCallback(() => {
    body.current = undefined;
    forget();
    setSale(undefined);
  }, []);

  const isRestored = useRef(false);
  useEffect(() => {
    if (isRestored.current) return;
    isRestored.current = true;
    if (!recall()) return;
    onRestored();
    void askAgain();
  }, [askAgain, onRestored]);

  const orderNo = live?.orderNo;
  const isWatched = live !== undefined && (!isFinal(live) || isAwaitingHis(live));
  useEffect(() => {
    if (orderNo === undefined || !isWatched) return;
    const controller = new AbortController();
    const startedAt = Date.now();
    let hisUntil: number | undefined;
    const watch = async () => {
      while (!controller.signal.aborted) {
        const askedAt = Date.now();
        try {
          const order = await call(path(orderNo), orderView, {
            query: { wait: askedAt - startedAt < 500 ? 1000 : 25_000 },
            signal: controller.signal,
          });
          if (controller.signal.aborted) return;
          if (isFinal(order)) forget();
          setSale((current) =>
            current?.phase === 'live' && current.order.orderNo === orderNo
              ? { ...current, order, isOffline: false }
              : current,
          );
          if (isAwaitingHis(order)) hisUntil ??= Date.now() + hisPatienceMs;
          if (isFinal(order) && !(isAwaitingHis(order) && Date.now() < (hisUntil ?? 0))) return;
        } catch {
          if (controller.signal.aborted) return;
          setSale((current) => (current?.phase === 'live' ? { ...current, isOffline: true } : current));
          await pause(2000);
        }
        // A server that answers at once must not be asked in a tight loop.
        await pause(Math.max(0, 1000 - (Date.now() - askedAt)));
      }
    };
    void watch();
    return () => controller.abort();
  }, [orderNo, isWatched]);

  /** Asks the channel to close or reverse; what it answers is shown, never assumed. */
  const end = useCallback(
    async (verb: 'close' | 'reverse') => {
      if (!orderNo) return;
      const order = await call(path(orderNo, `/${verb}`), orderView, { method: 'POST', body: {} });
      if (isFinal(order)) forget();
      setSale((current) => (current?.phase === 'live' ? { ...current, order } : current));
    },
    [orderNo],
  );

  return { sale, start, askAgain, clear, end };
}
