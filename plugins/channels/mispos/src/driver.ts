import type {
  Acknowledgement,
  ChannelConfig,
  ChannelContext,
  ChannelDriver,
  NotificationReading,
  Outcome,
  PaymentReference,
  RawNotification,
  RefundRequest,
} from '@hospital-pay/payments/contract';
import { readConfig } from './config';
import { type Asked, agentsPath, hub } from './hub';
import { type Approved, type Command, isSigned, news, type Standing } from './messages';

const stalenessMs = 5 * 60_000;

/** The channel's number of a card payment holds all that a void or a refund must name: `date.reference.batch.voucher`. */
const channelNoOf = ({ date, reference, batch, voucher }: Approved): string =>
  [date, reference, batch, voucher].join('.');

function referenceOf(channelNo: string | undefined) {
  const [date, reference, batch, voucher] = channelNo?.split('.') ?? [];
  return date && reference !== undefined && batch && voucher
    ? { date, reference, batch, voucher }
    : undefined;
}

/** What an agent says of a payment, as an outcome. `unheard` may still be on its way to the agent. */
export function paymentOutcome(standing: Standing): Outcome {
  switch (standing.state) {
    case 'approved':
      return {
        kind: 'paid',
        amount: standing.amountFen,
        currency: 'CNY',
        channelNo: channelNoOf(standing),
        paidAt: new Date(standing.at),
        payer: standing.card,
      };
    case 'waiting':
      return { kind: 'pending' };
    case 'declined':
      return { kind: 'failed', code: standing.code, message: standing.message };
    case 'stopped':
      return { kind: 'closed', reversed: false };
    case 'unknown':
      return { kind: 'unknown', cause: standing.cause };
    case 'unheard':
      return { kind: 'unknown', cause: 'the agent knows no such payment', code: 'ORDER_NOT_FOUND' };
    case 'ready':
      return { kind: 'unknown', cause: 'an answer to another question' };
    default:
      return standing satisfies never;
  }
}

export function refundOutcome(standing: Standing): Outcome {
  if (standing.state === 'approved') {
    return {
      kind: 'refunded',
      amount: standing.amountFen,
      currency: 'CNY',
      channelNo: channelNoOf(standing),
      refundedAt: new Date(standing.at),
    };
  }
  return paymentOutcome(standing);
}

const text = (status: number, body: string): Acknowledgement => ({ status, contentType: 'text/plain', body });

export function connectMispos(given: ChannelConfig, context: ChannelContext): ChannelDriver {
  const { agentToken } = readConfig(given);

  async function ask(
    method: string,
    terminalCode: string | undefined,
    command: Command,
    about: { attemptNo?: string; refundNo?: string } = {},
  ): Promise<Asked | { kind: 'nowhere' }> {
    if (terminalCode === undefined) return { kind: 'nowhere' };
    const startedAt = context.now();
    const before = performance.now();
    const asked = await hub.ask(agentToken, terminalCode, command, context.timeoutMs);
    const error = errorOf(asked);
    context.record({
      method,
      url: `agent:${agentsPath}/${terminalCode}`,
      request: JSON.stringify(command),
      response: JSON.stringify(asked),
      startedAt,
      durationMs: performance.now() - before,
      ...(error ? { errorCode: error.code, errorMessage: error.message } : {}),
      scene: 'terminal',
      ...about,
    });
    return asked;
  }

  const outcome = (asked: Asked | { kind: 'nowhere' }, read: (standing: Standing) => Outcome): Outcome => {
    switch (asked.kind) {
      case 'answered':
        return read(asked.standing);
      case 'offline':
        return {
          kind: 'unknown',
          cause: 'the agent of this terminal is not connected',
          code: 'TERMINAL_OFFLINE',
        };
      case 'silent':
        return { kind: 'unknown', cause: asked.cause };
      case 'nowhere':
        return { kind: 'failed', code: 'TERMINAL_MISSING', message: 'no terminal was named' };
      default:
        return asked satisfies never;
    }
  };

  const look = async (payment: PaymentReference): Promise<Outcome> => {
    const { attemptNo } = payment;
    const command = { verb: 'look', no: attemptNo } as const;
    return outcome(await ask('query_order', payment.terminalCode, command, { attemptNo }), paymentOutcome);
  };

  const lookRefund = async ({ refundNo, payment }: RefundRequest): Promise<Outcome> => {
    const command = { verb: 'look', no: refundNo } as const;
    return outcome(await ask('query_refund', payment.terminalCode, command, { refundNo }), refundOutcome);
  };

  return {
    async pay({ attemptNo, amount, terminalCode, operatorCode }) {
      const command = {
        verb: 'sale',
        no: attemptNo,
        amountFen: amount,
        operator: operatorCode ?? '',
      } as const;
      const asked = await ask('create_order', terminalCode, command, { attemptNo });
      if (asked.kind === 'offline') {
        return {
          kind: 'failed',
          code: 'TERMINAL_OFFLINE',
          message: 'the agent of this terminal is not connected',
        };
      }
      return outcome(asked, paymentOutcome);
    },
    query: look,
    async close(payment) {
      const { attemptNo } = payment;
      const command = { verb: 'stop', no: attemptNo } as const;
      return outcome(await ask('close_order', payment.terminalCode, command, { attemptNo }), paymentOutcome);
    },
    async refund({ refundNo, amount, payment }) {
      const of = referenceOf(payment.channelNo);
      if (!of) return { kind: 'failed', code: 'NOT_DONE', message: 'the payment has no terminal reference' };
      const command = {
        verb: 'refund',
        no: refundNo,
        paidNo: payment.attemptNo,
        amountFen: amount,
        paidFen: payment.amount,
        of,
        operator: '',
      } as const;
      const asked = await ask('refund_order', payment.terminalCode, command, { refundNo });
      if (asked.kind === 'offline') {
        return {
          kind: 'failed',
          code: 'TERMINAL_OFFLINE',
          message: 'the agent of this terminal is not connected',
        };
      }
      return outcome(asked, refundOutcome);
    },
    queryRefund: lookRefund,

    async readNotification(raw: RawNotification): Promise<NotificationReading> {
      const rejected = (code: string, cause: string): NotificationReading => ({
        kind: 'rejected',
        code,
        cause,
        answer: text(401, code),
      });
      const timestamp = raw.headers['x-agent-timestamp'] ?? '';
      if (!isSigned(agentToken, timestamp, raw.body, raw.headers['x-agent-signature'] ?? '')) {
        return rejected('SIGNATURE_INVALID', 'not signed by an agent of this account');
      }
      if (!(Math.abs(context.now().getTime() - Number(timestamp)) <= stalenessMs)) {
        return rejected('TIMESTAMP_STALE', 'told too long ago');
      }
      const read = news.safeParse(parseJson(raw.body.toString('utf8')));
      if (!read.success) return rejected('BODY_INVALID', 'not what an agent says');
      const { kind, no, paidNo, standing } = read.data;
      return {
        kind: 'event',
        notificationId: `${no} ${standing.state}`,
        event:
          kind === 'payment'
            ? { kind, attemptNo: no, outcome: paymentOutcome(standing) }
            : { kind, attemptNo: paidNo, refundNo: no, outcome: refundOutcome(standing) },
        accepted: text(200, 'OK'),
        retry: text(503, 'AGAIN'),
      };
    },

    async test() {
      return hub.count(agentToken) > 0
        ? { ok: true }
        : { ok: false, code: 'TERMINAL_OFFLINE', message: 'no agent of this account is connected' };
    },
  };
}

function errorOf(asked: Asked): { code: string; message: string } | undefined {
  switch (asked.kind) {
    case 'answered':
      return asked.standing.state === 'declined'
        ? { code: asked.standing.code, message: asked.standing.message }
        : undefined;
    case 'offline':
      return { code: 'TERMINAL_OFFLINE', message: 'the agent of this terminal is not connected' };
    case 'silent':
      return { code: 'TIMEOUT', message: asked.cause };
    default:
      return asked satisfies never;
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
