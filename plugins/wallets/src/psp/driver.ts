import {
  type Bill,
  BillError,
  type ChannelContext,
  type ChannelDriver,
  type Outcome,
  type PaymentReference,
  type PayRequest,
} from '@hospital-pay/payments/contract';
import { DateTime } from 'luxon';
import { openPspBill } from './bill';
import { createPspClient, type PspCall } from './client';
import type { PspSettings, PspWallet } from './config';
import { readPspNotification } from './notification';
import { paymentOutcome, refundOutcome, refusedOutcome } from './outcomes';
import { pspPayment, pspRefund } from './protocol';

/** One way to the PSP: `token` goes on with the request that asks for the money. */
export interface PspDriver
  extends Required<Omit<ChannelDriver, 'payer' | 'reverse' | 'fundFlowBill' | 'openSession' | 'quote'>> {
  payWith(request: PayRequest, token?: object): Promise<Outcome>;
}

/** Yesterday's settlement file is asked for from this hour on (an assumption of the neutral protocol). */
export const pspBillHour = 6;

export function connectPsp(settings: PspSettings, context: ChannelContext, wallet: PspWallet): PspDriver {
  const client = createPspClient(settings, context);

  const about = (payment: PaymentReference): Pick<PspCall, 'attemptNo' | 'scene' | 'names'> => ({
    attemptNo: payment.attemptNo,
    scene: payment.scene,
    names: { orderNo: payment.attemptNo },
  });

  const askPayment = async (verb: 'query' | 'close', payment: PaymentReference, call: PspCall) => {
    const reply = await client.ask(call, pspPayment);
    return reply.kind === 'told'
      ? { told: reply.body, outcome: paymentOutcome(reply.body, payment, context.now()) }
      : { told: undefined, outcome: refusedOutcome(verb, reply, payment, context.now()) };
  };

  const payWith: PspDriver['payWith'] = async (request, token) => {
    if (request.currency !== wallet.currency)
      return { kind: 'failed', code: 'CURRENCY', message: `the account takes ${wallet.currency}` };
    const reply = await client.ask(
      {
        record: 'create_order',
        path: 'authorizePath',
        attemptNo: request.attemptNo,
        scene: request.scene,
        body: {
          orderNo: request.attemptNo,
          method: wallet.method,
          scene: request.scene,
          amount: request.amount,
          currency: request.currency,
          subject: [...request.subject].slice(0, 100).join(''),
          capture: settings.capture,
          expiresAt: request.expiresAt.toISOString(),
          notifyUrl: context.notifyUrl,
          ...(request.returnUrl === undefined ? {} : { returnUrl: request.returnUrl }),
          ...(token === undefined ? {} : { token }),
        },
      },
      pspPayment,
    );
    return reply.kind === 'told'
      ? paymentOutcome(reply.body, request, context.now())
      : refusedOutcome(
          'pay',
          reply,
          { createdAt: context.now(), expiresAt: request.expiresAt },
          context.now(),
        );
  };

  return {
    payWith,
    pay: (request) => payWith(request),

    async query(payment) {
      const { told, outcome } = await askPayment('query', payment, {
        ...about(payment),
        record: 'query_order',
        path: 'queryPath',
      });
      // What the payer authorised is not money before it is captured: the query finishes it.
      if (told?.status !== 'authorized' || outcome.kind !== 'pending') return outcome;
      const captured = await askPayment('query', payment, {
        ...about(payment),
        record: 'create_order',
        path: 'capturePath',
        body: { orderNo: payment.attemptNo, amount: payment.amount, currency: payment.currency },
      });
      return captured.outcome;
    },

    async close(payment) {
      const { outcome } = await askPayment('close', payment, {
        ...about(payment),
        record: 'close_order',
        path: 'cancelPath',
        body: { orderNo: payment.attemptNo },
      });
      return outcome;
    },

    async refund(request) {
      const reply = await client.ask(
        {
          ...about(request.payment),
          record: 'refund_order',
          path: 'refundPath',
          refundNo: request.refundNo,
          body: {
            refundNo: request.refundNo,
            amount: request.amount,
            currency: request.payment.currency,
            reason: [...request.reason].slice(0, 100).join(''),
          },
        },
        pspRefund,
      );
      return reply.kind === 'told'
        ? refundOutcome(reply.body, request, context.now())
        : refusedOutcome('refund', reply, request.payment, context.now());
    },

    async queryRefund(request) {
      const reply = await client.ask(
        {
          record: 'query_refund',
          path: 'queryRefundPath',
          attemptNo: request.payment.attemptNo,
          refundNo: request.refundNo,
          scene: request.payment.scene,
          names: { orderNo: request.payment.attemptNo, refundNo: request.refundNo },
        },
        pspRefund,
      );
      return reply.kind === 'told'
        ? refundOutcome(reply.body, request, context.now())
        : refusedOutcome('queryRefund', reply, request.payment, context.now());
    },

    readNotification: async (raw) => readPspNotification(raw, settings.secret, context.now()),

    async bill(date): Promise<Bill> {
      const readyAt = DateTime.fromISO(date, { zone: wallet.zone })
        .plus({ days: 1 })
        .set({ hour: pspBillHour });
      const minutes = Math.ceil((readyAt.toMillis() - context.now().getTime()) / 60_000);
      const notReady = { kind: 'not-ready' as const, retryAfterMinutes: Math.max(10, minutes) };
      // A day that has not begun is asked about nowhere.
      if (context.now() < DateTime.fromISO(date, { zone: wallet.zone }).toJSDate()) return notReady;
      const reply = await client.file({ record: 'download_bill', path: 'billPath', names: { date } });
      switch (reply.kind) {
        case 'told':
          return openPspBill(reply.body, { date, wallet });
        case 'refused':
          if (reply.code === 'settlement_not_ready') return notReady;
          throw new BillError('UNAVAILABLE', `${reply.code}: ${reply.message}`);
        case 'silent':
          throw new BillError('UNAVAILABLE', `${reply.code}: ${reply.cause}`);
        default:
          return reply satisfies never;
      }
    },

    async test() {
      const reply = await client.ask(
        { record: 'test', path: 'queryPath', names: { orderNo: `TEST${context.now().getTime()}` } },
        pspPayment,
      );
      switch (reply.kind) {
        case 'told':
          return { ok: true };
        case 'refused':
          return reply.code === 'payment_not_found'
            ? { ok: true }
            : { ok: false, code: reply.code, message: reply.message };
        case 'silent':
          return { ok: false, code: reply.code, message: reply.cause };
        default:
          return reply satisfies never;
      }
    },
  };
}
