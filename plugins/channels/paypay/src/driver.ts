import type {
  ChannelConfig,
  ChannelContext,
  ChannelDriver,
  Outcome,
  PayerAction,
  PaymentReference,
  PayRequest,
} from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { createClient } from './client';
import { readConfig } from './config';
import { readNotification } from './notification';
import {
  codeData,
  integrity,
  paymentData,
  paymentOutcome,
  refundData,
  refundOutcome,
  refusedOutcome,
} from './outcomes';

export function connectPaypay(config: ChannelConfig, context: ChannelContext): ChannelDriver {
  const settings = readConfig(config);
  const ask = createClient(settings, context);
  const epoch = () => Math.floor(context.now().getTime() / 1000);
  const yen = (amount: number) => ({ amount, currency: 'JPY' });
  const about = ({ attemptNo, scene }: Pick<PaymentReference, 'attemptNo' | 'scene'>) => ({
    attemptNo,
    scene,
  });
  const paymentPath = (attemptNo: string) => `/v2/codes/payments/${encodeURIComponent(attemptNo)}`;

  const pay = async (request: PayRequest): Promise<Outcome> => {
    if (request.currency !== 'JPY')
      return { kind: 'failed', code: 'CURRENCY', message: `PayPay takes JPY, not ${request.currency}` };
    const reply = await ask(
      {
        ...about(request),
        record: 'create_order',
        method: 'POST',
        path: '/v2/codes',
        body: {
          merchantPaymentId: request.attemptNo,
          amount: yen(request.amount),
          codeType: 'ORDER_QR',
          orderDescription: [...request.subject].slice(0, 255).join(''),
          isAuthorization: false,
          requestedAt: epoch(),
          ...(request.returnUrl === undefined || request.scene === 'native'
            ? {}
            : {
                redirectUrl: request.returnUrl,
                redirectType: request.scene === 'app' ? 'APP_DEEP_LINK' : 'WEB_LINK',
              }),
        },
      },
      codeData,
    );
    if (reply.kind !== 'told') {
      const life = { createdAt: context.now(), expiresAt: request.expiresAt };
      return refusedOutcome('pay', reply, life, context.now());
    }
    const { codeId, url, deeplink, merchantPaymentId } = reply.data;
    if (merchantPaymentId !== undefined && merchantPaymentId !== request.attemptNo)
      return integrity(`the code is for order ${merchantPaymentId}`);
    return { kind: 'pending', channelNo: codeId, payerAction: actionFor(request, url, deeplink) };
  };

  const paymentIdOf = async (payment: PaymentReference): Promise<string | undefined> => {
    const reply = await ask(
      { ...about(payment), record: 'query_order', method: 'GET', path: paymentPath(payment.attemptNo) },
      paymentData,
    );
    return reply.kind === 'told' ? reply.data.paymentId : undefined;
  };

  return {
    pay,

    async query(payment) {
      const reply = await ask(
        { ...about(payment), record: 'query_order', method: 'GET', path: paymentPath(payment.attemptNo) },
        paymentData,
      );
      return reply.kind === 'told'
        ? paymentOutcome(reply.data, payment, context.now())
        : refusedOutcome('query', reply, payment, context.now());
    },

    /** Deletes the code. When its id was lost with the answer, the payment is cancelled by our own number instead. */
    async close(payment) {
      const code = payment.channelNo;
      const path =
        code === undefined
          ? `/v2/payments/${encodeURIComponent(payment.attemptNo)}`
          : `/v2/codes/${encodeURIComponent(code)}`;
      const reply = await ask(
        { ...about(payment), record: 'close_order', method: 'DELETE', path },
        z.unknown(),
      );
      // Cancelled by number, money may have been on its way: PayPay then gives it back.
      if (reply.kind === 'told') return { kind: 'closed', reversed: code === undefined };
      return refusedOutcome('close', reply, payment, context.now());
    },

    async refund(request) {
      const { payment, refundNo, amount, reason } = request;
      // Refunds go by PayPay's own number, which a payment found paid has.
      const paymentId = payment.channelNo ?? (await paymentIdOf(payment));
      if (paymentId === undefined)
        return { kind: 'unknown', cause: 'the payment id is not known yet', code: 'PAYMENT_ID_UNKNOWN' };
      const reply = await ask(
        {
          ...about(payment),
          record: 'refund_order',
          method: 'POST',
          path: '/v2/refunds',
          refundNo,
          body: {
            merchantRefundId: refundNo,
            paymentId,
            amount: yen(amount),
            requestedAt: epoch(),
            reason: [...reason].slice(0, 255).join(''),
          },
        },
        refundData,
      );
      return reply.kind === 'told'
        ? refundOutcome(reply.data, request, context.now())
        : refusedOutcome('refund', reply, payment, context.now());
    },

    async queryRefund(request) {
      const { payment, refundNo } = request;
      const reply = await ask(
        {
          ...about(payment),
          record: 'query_refund',
          method: 'GET',
          path: `/v2/refunds/${encodeURIComponent(refundNo)}`,
          refundNo,
        },
        refundData,
      );
      if (reply.kind === 'told') return refundOutcome(reply.data, request, context.now());
      // Which code a refund that PayPay does not know draws is not documented: any 404 is read as that.
      if (reply.kind === 'refused' && reply.status === 404)
        return { kind: 'unknown', cause: `${reply.code}: ${reply.message}`, code: 'REFUND_NOT_FOUND' };
      return refusedOutcome('queryRefund', reply, payment, context.now());
    },

    readNotification: (raw) =>
      readNotification(raw, settings.merchantId, async (attemptNo) => {
        const reply = await ask(
          { record: 'query_order', method: 'GET', path: paymentPath(attemptNo), attemptNo },
          z.unknown(),
        );
        return reply.kind !== 'refused' || reply.code !== 'DYNAMIC_QR_PAYMENT_NOT_FOUND';
      }),

    async test() {
      const reply = await ask(
        { record: 'test', method: 'GET', path: paymentPath(`TEST${context.now().getTime()}`) },
        z.unknown(),
      );
      switch (reply.kind) {
        case 'told':
          return { ok: true };
        case 'refused':
          return reply.code === 'DYNAMIC_QR_PAYMENT_NOT_FOUND'
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

function actionFor(request: PayRequest, url: string, deeplink: string | undefined): PayerAction {
  switch (request.scene) {
    case 'h5':
      return { kind: 'redirect', url };
    case 'app':
      return { kind: 'redirect', url: deeplink ?? url };
    case 'native':
    case 'micropay':
    case 'jsapi':
    case 'terminal':
      return { kind: 'qr', text: url };
    default:
      return request.scene satisfies never;
  }
}
