import type {
  ChannelConfig,
  ChannelContext,
  ChannelDriver,
  Outcome,
  PaymentReference,
  PayRequest,
  RefundRequest,
} from '@hospital-pay/payments/contract';
import { endedDriver } from '@hospital-pay/wallets';
import { z } from 'zod';
import { createClient } from './client';
import { placeOf, readConfig } from './config';
import {
  confirmInfo,
  detailsInfo,
  offlineCheckInfo,
  offlineInfo,
  paidOutcome,
  refundFound,
  refundInfo,
  refusedOutcome,
  requestInfo,
  wireAmount,
} from './outcomes';

export function connectLinepay(config: ChannelConfig, context: ChannelContext): ChannelDriver {
  const settings = readConfig(config);
  if (settings.region === 'JP') return endedDriver('LINE Pay in Japan ended on 2025-04-30');
  const { currency } = placeOf(config);
  const ask = createClient(settings, context);
  const now = () => context.now();
  const about = ({ attemptNo, scene }: Pick<PaymentReference, 'attemptNo' | 'scene'>) => ({
    attemptNo,
    scene,
  });
  const title = (subject: string) => [...subject].slice(0, 100).join('');
  const orderPath = (attemptNo: string, verb: string) =>
    `/v2/payments/orders/${encodeURIComponent(attemptNo)}/${verb}`;

  const scan = async (request: PayRequest): Promise<Outcome> => {
    if (!request.authCode)
      return { kind: 'failed', code: 'AUTH_CODE_MISSING', message: 'no payment code was scanned' };
    const reply = await ask(
      {
        ...about(request),
        record: 'create_order',
        version: 'v2',
        path: '/v2/payments/oneTimeKeys/pay',
        body: {
          productName: title(request.subject),
          amount: wireAmount(request.amount, currency),
          currency,
          orderId: request.attemptNo,
          oneTimeKey: request.authCode,
          capture: true,
        },
        patience: 2,
      },
      offlineInfo,
    );
    return reply.kind === 'told'
      ? paidOutcome(reply.info, request, now())
      : refusedOutcome('pay', reply, life(request, now()), now());
  };

  const reserve = async (request: PayRequest): Promise<Outcome> => {
    const amount = wireAmount(request.amount, currency);
    const back = request.returnUrl ?? new URL(context.notifyUrl).origin;
    const name = title(request.subject);
    const reply = await ask(
      {
        ...about(request),
        record: 'create_order',
        version: 'v3',
        path: '/v3/payments/request',
        body: {
          amount,
          currency,
          orderId: request.attemptNo,
          packages: [{ id: '1', amount, name, products: [{ name, quantity: 1, price: amount }] }],
          redirectUrls: { confirmUrl: back, cancelUrl: back },
          options: { payment: { capture: true } },
        },
      },
      requestInfo,
    );
    if (reply.kind !== 'told') return refusedOutcome('pay', reply, life(request, now()), now());
    const { transactionId, paymentUrl } = reply.info;
    const url = request.scene === 'app' ? paymentUrl.app : paymentUrl.web;
    return { kind: 'pending', channelNo: transactionId, payerAction: { kind: 'redirect', url } };
  };

  const checkOffline = async (payment: PaymentReference): Promise<Outcome> => {
    const reply = await ask(
      {
        ...about(payment),
        record: 'query_order',
        version: 'v2',
        path: orderPath(payment.attemptNo, 'check'),
        patience: 2,
      },
      offlineCheckInfo,
    );
    if (reply.kind !== 'told') return refusedOutcome('query', reply, payment, now());
    const { status, transactionId, payInfo, ...rest } = reply.info;
    switch (status) {
      case 'COMPLETE':
        if (transactionId === undefined || payInfo === undefined)
          return { kind: 'unknown', cause: 'complete, yet without transaction or amount', code: 'INTEGRITY' };
        return paidOutcome({ ...rest, transactionId, payInfo }, payment, now());
      case 'FAIL':
        return { kind: 'failed', code: 'FAIL', message: 'LINE Pay says that the payment failed' };
      default:
        return { kind: 'pending' };
    }
  };

  const details = (payment: PaymentReference, record: string, refundNo?: string) =>
    ask(
      {
        ...about(payment),
        record,
        version: 'v3',
        path: '/v3/payments',
        query: `orderId[]=${encodeURIComponent(payment.attemptNo)}`,
        patience: 2,
        ...(refundNo === undefined ? {} : { refundNo }),
      },
      detailsInfo,
    );

  const finished = async (payment: PaymentReference): Promise<Outcome> => {
    const reply = await details(payment, 'query_order');
    if (reply.kind !== 'told') return refusedOutcome('query', reply, payment, now());
    const found = reply.info.find(({ transactionType }) => transactionType === 'PAYMENT');
    return found === undefined
      ? { kind: 'unknown', cause: 'the details name no payment', code: 'ORDER_NOT_FOUND' }
      : paidOutcome(found, payment, now());
  };

  const confirm = async (payment: PaymentReference, transactionId: string): Promise<Outcome> => {
    const reply = await ask(
      {
        ...about(payment),
        record: 'create_order',
        version: 'v3',
        path: `/v3/payments/${encodeURIComponent(transactionId)}/confirm`,
        body: { amount: wireAmount(payment.amount, currency), currency },
        patience: 4,
      },
      confirmInfo,
    );
    return reply.kind === 'told'
      ? paidOutcome(reply.info, payment, now())
      : refusedOutcome('confirm', reply, payment, now());
  };

  /** There is no notification: the check tells when the payer has agreed, and the money is taken by confirming then. */
  const checkOnline = async (payment: PaymentReference): Promise<Outcome> => {
    const transactionId = payment.channelNo;
    // The answer that named the request was lost: nobody saw its address, so it can only be unpaid or finished.
    if (transactionId === undefined) return finished(payment);
    const reply = await ask(
      {
        ...about(payment),
        record: 'query_order',
        version: 'v3',
        path: `/v3/payments/requests/${encodeURIComponent(transactionId)}/check`,
        patience: 2,
      },
      z.unknown(),
    );
    if (reply.kind === 'told') return { kind: 'pending' };
    if (reply.kind !== 'state') return refusedOutcome('query', reply, payment, now());
    switch (reply.code) {
      case '0110':
        return confirm(payment, transactionId);
      case '0121':
        return { kind: 'closed', reversed: false };
      case '0122':
        return { kind: 'failed', code: reply.code, message: reply.message };
      case '0123':
        return finished(payment);
      default:
        return refusedOutcome('query', reply, payment, now());
    }
  };

  const paymentOf = async (payment: PaymentReference, record: string, refundNo?: string) => {
    const reply = await details(payment, record, refundNo);
    return reply.kind === 'told'
      ? reply.info.find(({ transactionType }) => transactionType === 'PAYMENT')
      : refusedOutcome('queryRefund', reply, payment, now());
  };

  const transactionOf = async (payment: PaymentReference): Promise<string | undefined> => {
    const found = await paymentOf(payment, 'query_order');
    return found !== undefined && 'transactionId' in found ? found.transactionId : undefined;
  };

  const refundShown = async (request: RefundRequest): Promise<Outcome> => {
    const found = await paymentOf(request.payment, 'query_refund', request.refundNo);
    if (found === undefined)
      return { kind: 'unknown', cause: 'the details name no payment', code: 'ORDER_NOT_FOUND' };
    return 'kind' in found ? found : refundFound(found, request, now());
  };

  const refund = async (request: RefundRequest): Promise<Outcome> => {
    const { payment, refundNo, amount } = request;
    const offline = payment.scene === 'micropay';
    // There is no number of ours on a refund, and sent twice it pays back twice: what is there already is ours.
    const known = await refundShown(request);
    if (known.kind === 'refunded') return known;
    if (known.kind === 'unknown' && known.code !== 'REFUND_NOT_FOUND' && !(offline && known.code === '1150'))
      return known;
    const transactionId = payment.channelNo ?? (await transactionOf(payment));
    if (!offline && transactionId === undefined)
      return { kind: 'unknown', cause: 'the transaction is not known yet', code: 'TRANSACTION_UNKNOWN' };
    const reply = await ask(
      {
        ...about(payment),
        record: 'refund_order',
        version: offline ? 'v2' : 'v3',
        path: offline
          ? orderPath(payment.attemptNo, 'refund')
          : `/v3/payments/${encodeURIComponent(transactionId ?? '')}/refund`,
        body: { refundAmount: wireAmount(amount, currency) },
        refundNo,
        patience: 2,
      },
      refundInfo,
    );
    if (reply.kind !== 'told') return refusedOutcome('refund', reply, payment, now());
    return {
      kind: 'refunded',
      amount,
      currency,
      channelNo: reply.info.refundTransactionId,
      refundedAt: reply.info.refundTransactionDate ?? now(),
    };
  };

  return {
    async pay(request) {
      if (request.currency !== currency)
        return { kind: 'failed', code: 'CURRENCY', message: `the account takes ${currency}` };
      if (!Number.isSafeInteger(request.amount) || request.amount <= 0)
        return { kind: 'failed', code: 'AMOUNT', message: `not an amount: ${request.amount}` };
      return request.scene === 'micropay' ? scan(request) : reserve(request);
    },

    query: (payment) => (payment.scene === 'micropay' ? checkOffline(payment) : checkOnline(payment)),

    refund,

    queryRefund: refundShown,

    async test() {
      const query = `orderId[]=TEST${now().getTime()}`;
      const reply = await ask({ record: 'test', version: 'v3', path: '/v3/payments', query }, z.unknown());
      switch (reply.kind) {
        case 'told':
          return { ok: true };
        case 'state':
        case 'refused':
          return reply.code === '1150'
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

const life = (request: PayRequest, now: Date) => ({ createdAt: now, expiresAt: request.expiresAt });
