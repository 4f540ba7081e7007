import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import * as z from 'zod/mini';
import { payWithApple } from '../apple';
import { type Bill, billSchema, isPaid, type OfferedWay } from '../bill';
import { call, type Failure, failureOf } from '../http';
import { openWallet, type WalletAnswer } from '../wallets';

const longPollMs = 20_000;
const restMs = 1500;
const idleMs = 6000;
/** After this long the hospital's booking is no longer waited for here. */
const bookingPatienceMs = 180_000;

const isUndecided = ({ state }: Bill) => state === 'paying' || state === 'confirming';
const isBooking = (bill: Bill) => bill.receipt?.hisState === 'waiting';
const isOver = ({ state }: Bill) => state === 'expired' || state === 'closed';

const walletSession = z.record(z.string(), z.unknown());

/** The bill as the server knows it: nothing about a payment is remembered by the page. */
export function useBill(token: string) {
  const [bill, setBill] = useState<Bill>();
  /** Why there is no bill to show, or why the last payment did not begin. */
  const [failure, setFailure] = useState<Failure>();
  const [isOffline, setOffline] = useState(false);
  const [isStarting, setStarting] = useState(false);
  const [answer, setAnswer] = useState<WalletAnswer>();
  const busy = useRef(false);
  const path = `/pay/${encodeURIComponent(token)}`;

  const take = useCallback((next: Bill) => {
    setOffline(false);
    setFailure(undefined);
    setBill(next);
  }, []);

  const load = useCallback(
    async (verb: 'read' | 'ask', wait = 0): Promise<void> => {
      try {
        take(
          verb === 'ask'
            ? await call(`${path}/ask`, billSchema, { method: 'POST', body: {} })
            : await call(`${path}${wait ? `?wait=${wait}` : ''}`, billSchema),
        );
      } catch (error) {
        const next = failureOf(error);
        if (next.isOffline) setOffline(true);
        else setFailure(next);
      }
    },
    [path, take],
  );

  const pay = useCallback(
    async ({ channel, scene, takesToken }: OfferedWay, shown: Bill): Promise<void> => {
      // A second tap finds the first under way; the server would answer it with the same order.
      if (busy.current) return;
      busy.current = true;
      setStarting(true);
      setFailure(undefined);
      setAnswer(undefined);
      try {
        const begin = async (token?: string): Promise<Bill> => {
          const body = { channel, scene, token };
          const next = await call(`${path}/payments`, billSchema, { method: 'POST', body });
          take(next);
          return next;
        };
        if (takesToken) {
          const session = (validationUrl: string) =>
            call(`${path}/wallets/${channel}/session`, walletSession, {
              method: 'POST',
              body: { validationUrl },
            });
          setAnswer(await payWithApple(shown, { session, pay: begin }));
          return;
        }
        const action = (await begin()).payment?.action;
        if (action) {
          const left = await openWallet(action);
          setAnswer(left);
          if (left !== 'left') await load('ask');
        }
      } catch (error) {
        const next = failureOf(error);
        setFailure(next);
        // Whatever was answered, the server knows what became of it.
        await load('read');
        setFailure(next);
      } finally {
        busy.current = false;
        setStarting(false);
      }
    },
    [path, take, load],
  );

  // On opening: an undecided payment is asked about at once, for the payer may just have come back from the wallet.
  useEffect(() => {
    void load('read');
  }, [load]);
  const isOpenUndecided = bill !== undefined && isUndecided(bill);
  const hasAsked = useRef(false);
  useEffect(() => {
    if (!isOpenUndecided || hasAsked.current || busy.current) return;
    hasAsked.current = true;
    void load('ask');
  }, [isOpenUndecided, load]);

  useEffect(() => {
    const back = () => {
      if (document.visibilityState !== 'visible' || busy.current) return;
      void load(isOpenUndecided ? 'ask' : 'read');
    };
    document.addEventListener('visibilitychange', back);
    window.addEventListener('pageshow', back);
    window.addEventListener('online', back);
    return () => {
      document.removeEventListener('visibilitychange', back);
      window.removeEventListener('pageshow', back);
      window.removeEventListener('online', back);
    };
  }, [isOpenUndecided, load]);

  const openedAt = useRef(Date.now());
  useEffect(() => {
    if (bill && isOver(bill)) return undefined;
    const isDone = bill !== undefined && isPaid(bill) && !isBooking(bill);
    if (isDone || Date.now() - openedAt.current > bookingPatienceMs * 10) return undefined;
    const isWatched = bill !== undefined && (isUndecided(bill) || isBooking(bill));
    const timer = setTimeout(
      () => {
        if (document.visibilityState === 'visible' && !busy.current)
          void load('read', isWatched ? longPollMs : 0);
      },
      isWatched || isOffline ? restMs : idleMs,
    );
    return () => clearTimeout(timer);
  }, [bill, isOffline, load]);

  return { bill, failure, isOffline, isStarting, answer, pay, load };
}
