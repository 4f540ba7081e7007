import type {
  ChannelConfig,
  ChannelContext,
  ChannelDriver,
  Outcome,
  PaymentReference,
  RefundRequest,
} from '@hospital-pay/payments/contract';
import { openBill } from './bill';
import { createClient } from './client';
import { settingsOf } from './config';
import { readNotification } from './notification';
import { readPayment, readRefund, refusalOf } from './outcomes';

export function connect(config: ChannelConfig, context: ChannelContext): ChannelDriver {
  const settings = settingsOf(config);
  const ask = createClient(settings, context);

  const aboutPayment = async (record: string, path: string, payment: PaymentReference): Promise<Outcome> => {
    const { attemptNo, scene } = payment;
    return readPayment(await ask({ record, path, body: { attemptNo }, attemptNo, scene }), payment);
  };
  const aboutRefund = async (
    record: string,
    path: string,
    request: RefundRequest,
    more: object,
  ): Promise<Outcome> => {
    const { refundNo, payment } = request;
    const { attemptNo, scene } = payment;
    const body = { attemptNo, refundNo, ...more };
    return readRefund(await ask({ record, path, body, attemptNo, refundNo, scene }), request);
  };

  return {
    async pay(request) {
      const { attemptNo, scene, amount, currency, subject, authCode, expiresAt } = request;
      if (currency !== 'CNY')
        return { kind: 'failed', code: 'CURRENCY', message: `CNY only, not ${currency}` };
      if (!Number.isSafeInteger(amount) || amount <= 0)
        return { kind: 'failed', code: 'PARAMETER_INVALID', message: 'no amount' };
      const body = { attemptNo, amount, subject, authCode, expiresAt, notifyUrl: context.notifyUrl };
      return readPayment(
        await ask({ record: 'create_order', path: '/pay', body, attemptNo, scene }),
        request,
      );
    },
    query: (payment) => aboutPayment('query_order', '/query', payment),
    close: (payment) => aboutPayment('close_order', '/close', payment),
    reverse: (payment) => aboutPayment('cancel_order', '/reverse', payment),
    refund: (request) =>
      aboutRefund('refund_order', '/refund', request, { amount: request.amount, reason: request.reason }),
    queryRefund: (request) => aboutRefund('query_refund', '/refund-query', request, {}),
    readNotification: async (raw) => readNotification(raw, settings.key),

    async bill(date) {
      const reply = await ask({ record: 'download_bill', path: '/bill', body: { date } });
      if (reply.kind === 'silent' || refusalOf(reply.bytes))
        return { kind: 'not-ready', retryAfterMinutes: 30 };
      return openBill(reply.bytes, { date, config });
    },

    async test() {
      const reply = await ask({ record: 'test', path: '/test', body: {} });
      if (reply.kind === 'silent') return { ok: false, code: reply.code, message: reply.cause };
      const refused = refusalOf(reply.bytes);
      return refused ? { ok: false, code: refused.error, message: refused.message } : { ok: true };
    },
  };
}
