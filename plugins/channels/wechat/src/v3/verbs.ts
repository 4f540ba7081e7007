import type {
  ChannelContext,
  Outcome,
  PaymentReference,
  PayRequest,
  RefundRequest,
} from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { WechatSettings } from '../config';
import { orderOutcome, type Refused, refundOutcome, refusedOutcome, type Verb } from '../outcomes';
import { appParameters, jsapiParameters, randomNonce } from '../signing';
import { cut, rfc3339 } from '../texts';
import { readOrder, readRefund } from './bodies';
import type { CallSubject, V3Answer, V3Client } from './client';

const garbage = (what: string): Refused => ({
  kind: 'unusable',
  code: 'GARBAGE',
  cause: `unreadable ${what}`,
});

const prepayBody = z.object({ prepay_id: z.string().min(1) });
const nativeBody = z.object({ code_url: z.string().min(1) });
const h5Body = z.object({ h5_url: z.string().min(1) });

/** The order number goes into a path, and may hold `|` and `*`; the SDK does not escape it. */
const inPath = (attemptNo: string) => encodeURIComponent(attemptNo);

export function createV3Verbs(settings: WechatSettings, context: ChannelContext, client: V3Client) {
  const now = () => context.now();

  function orderAnswer(verb: Verb, answer: V3Answer, payment: PaymentReference): Outcome {
    if (answer.kind !== 'ok') return refusedOutcome(verb, answer, payment, now());
    const order = readOrder(answer.data);
    if (!order) return refusedOutcome(verb, garbage('order'), payment, now());
    return orderOutcome(order, { mchid: settings.mchid, appid: settings.appid, payment }, now());
  }

  function refundAnswer(verb: 'refund' | 'queryRefund', answer: V3Answer, request: RefundRequest): Outcome {
    const { payment } = request;
    if (answer.kind !== 'ok') return refusedOutcome(verb, answer, payment, now());
    const refund = readRefund(answer.data);
    if (!refund) return refusedOutcome(verb, garbage('refund'), payment, now());
    const { refundNo, amount } = request;
    return refundOutcome(
      refund,
      { refundNo, amount, attemptNo: payment.attemptNo, total: payment.amount },
      now(),
    );
  }

  const subjectOf = (
    method: string,
    payment: Pick<PaymentReference, 'attemptNo' | 'scene'>,
  ): CallSubject => ({
    method,
    attemptNo: payment.attemptNo,
    scene: payment.scene,
  });

  async function create(request: PayRequest): Promise<Outcome> {
    const subject = subjectOf('create_order', request);
    const order = {
      description: cut(request.subject, 127),
      out_trade_no: request.attemptNo,
      time_expire: rfc3339(request.expiresAt),
      notify_url: context.notifyUrl,
      amount: { total: request.amount, currency: 'CNY' },
    };
    const scene_info = {
      payer_client_ip: request.clientIp ?? '127.0.0.1',
      ...(request.terminalCode ? { device_id: cut(request.terminalCode, 32) } : {}),
    };
    const payment = { scene: request.scene, createdAt: now() };
    const refused = (answer: Refused) => refusedOutcome('pay', answer, payment, now());
    const invocation = (prepayId: string) => ({
      appid: settings.appid,
      mchid: settings.mchid,
      privateKey: settings.privateKey,
      prepayId,
      now: now(),
      nonce: randomNonce(),
    });

    switch (request.scene) {
      case 'native': {
        const answer = await client.viaSdk(subject, (sdk) =>
          sdk.transactions_native({ ...order, scene_info }),
        );
        if (answer.kind !== 'ok') return refused(answer);
        const body = nativeBody.safeParse(answer.data);
        if (!body.success) return refused(garbage('code_url'));
        return { kind: 'pending', payerAction: { kind: 'qr', text: body.data.code_url } };
      }
      case 'h5': {
        const h5 = { ...scene_info, h5_info: { type: 'Wap', app_name: '' } };
        const answer = await client.viaSdk(subject, (sdk) =>
          sdk.transactions_h5({ ...order, scene_info: h5 }),
        );
        if (answer.kind !== 'ok') return refused(answer);
        const body = h5Body.safeParse(answer.data);
        if (!body.success) return refused(garbage('h5_url'));
        const back = request.returnUrl ? `&redirect_url=${encodeURIComponent(request.returnUrl)}` : '';
        return { kind: 'pending', payerAction: { kind: 'redirect', url: body.data.h5_url + back } };
      }
      case 'jsapi': {
        const openid = request.payerId;
        if (!openid) return { kind: 'failed', code: 'OPENID_MISSING', message: '缺少患者 OpenID' };
        const answer = await client.viaSdk(subject, (sdk) =>
          sdk.transactions_jsapi({ ...order, payer: { openid }, scene_info }),
        );
        if (answer.kind !== 'ok') return refused(answer);
        const body = prepayBody.safeParse(answer.data);
        if (!body.success) return refused(garbage('prepay_id'));
        const parameters = jsapiParameters(invocation(body.data.prepay_id));
        return { kind: 'pending', payerAction: { kind: 'client', parameters } };
      }
      case 'app': {
        const answer = await client.viaSdk(subject, (sdk) => sdk.transactions_app({ ...order, scene_info }));
        if (answer.kind !== 'ok') return refused(answer);
        const body = prepayBody.safeParse(answer.data);
        if (!body.success) return refused(garbage('prepay_id'));
        const parameters = appParameters(invocation(body.data.prepay_id));
        return { kind: 'pending', payerAction: { kind: 'client', parameters } };
      }
      case 'micropay':
        return codepay(request, subject);
      case 'terminal':
        return { kind: 'failed', code: 'SCENE', message: 'cards at a terminal are not WeChat’s' };
      default: {
        const never: never = request.scene;
        return never;
      }
    }
  }

  async function codepay(request: PayRequest, subject: CallSubject): Promise<Outcome> {
    const answer = await client.post(subject, '/v3/pay/transactions/codepay', {
      appid: settings.appid,
      mchid: settings.mchid,
      description: cut(request.subject, 127),
      out_trade_no: request.attemptNo,
      payer: { auth_code: request.authCode ?? '' },
      amount: { total: request.amount, currency: 'CNY' },
      scene_info: {
        device_id: cut(request.terminalCode ?? settings.mchid, 32),
        device_ip: request.clientIp ?? '127.0.0.1',
        store_info: { id: settings.mchid, out_id: cut(request.terminalCode ?? settings.mchid, 32) },
      },
    });
    const { attemptNo, scene, amount, currency } = request;
    return orderAnswer('pay', answer, { attemptNo, scene, amount, currency, createdAt: now() });
  }

  return {
    pay: create,

    async query(payment: PaymentReference): Promise<Outcome> {
      const answer = await client.viaSdk(subjectOf('query_order', payment), (sdk) =>
        sdk.query({ out_trade_no: inPath(payment.attemptNo) }),
      );
      return orderAnswer('query', answer, payment);
    },

    async close(payment: PaymentReference): Promise<Outcome> {
      const answer = await client.viaSdk(subjectOf('close_order', payment), (sdk) =>
        sdk.close(inPath(payment.attemptNo)),
      );
      if (answer.kind !== 'ok') return refusedOutcome('close', answer, payment, now());
      return { kind: 'closed', reversed: false };
    },

    async reverse(payment: PaymentReference): Promise<Outcome> {
      const path = `/v3/pay/transactions/out-trade-no/${inPath(payment.attemptNo)}/reverse`;
      const body = { mchid: settings.mchid, appid: settings.appid };
      const answer = await client.post(subjectOf('cancel_order', payment), path, body);
      if (answer.kind !== 'ok') return refusedOutcome('reverse', answer, payment, now());
      return { kind: 'closed', reversed: true };
    },

    async refund(request: RefundRequest): Promise<Outcome> {
      const { payment, refundNo } = request;
      const subject = { ...subjectOf('refund_order', payment), refundNo };
      const answer = await client.viaSdk(subject, (sdk) =>
        sdk.refunds({
          out_trade_no: payment.attemptNo,
          out_refund_no: refundNo,
          ...(request.reason ? { reason: cut(request.reason, 80) } : {}),
          notify_url: context.notifyUrl,
          amount: { refund: request.amount, total: payment.amount, currency: 'CNY' },
        }),
      );
      return refundAnswer('refund', answer, request);
    },

    async queryRefund(request: RefundRequest): Promise<Outcome> {
      const { payment, refundNo } = request;
      const subject = { ...subjectOf('query_refund', payment), refundNo };
      const answer = await client.viaSdk(subject, (sdk) => sdk.find_refunds(inPath(refundNo)));
      return refundAnswer('queryRefund', answer, request);
    },
  };
}
