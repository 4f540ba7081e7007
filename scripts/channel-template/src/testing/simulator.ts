import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AnswerFault, ChannelSimulator } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { sign, verifies } from '../signing';

interface Refund {
  refundNo: string;
  channelNo: string;
  amount: number;
  refundedAt: string;
}

interface Payment {
  attemptNo: string;
  channelNo: string;
  amount: number;
  state: 'waiting' | 'paid' | 'closed' | 'reversed';
  qr: string;
  notifyUrl: string;
  paidAt?: string;
  refunds: Refund[];
}

const question = z.object({
  attemptNo: z.string().default(''),
  refundNo: z.string().default(''),
  amount: z.number().int().positive().default(1),
  authCode: z.string().optional(),
  notifyUrl: z.string().default(''),
  date: z.string().default(''),
});
type Question = z.output<typeof question>;

const refused = (error: string, message: string) => ({ error, message });
const now = () => new Date().toISOString();
/** Day in China. */
const dayOf = (time: string) => new Date(Date.parse(time) + 8 * 3_600_000).toISOString().slice(0, 10);

/** The gateway, simulated: its own books, real signatures, faults. It imports nothing of the driver but the signature. */
export async function startSimulator({ notifyUrl }: { notifyUrl: string }): Promise<ChannelSimulator> {
  const key = randomBytes(16).toString('hex');
  const merchantId = 'M0001';
  const books = new Map<string, Payment>();
  const faults: { operation: string; kind: AnswerFault }[] = [];
  let serial = 0;
  const next = (prefix: string) => `${prefix}${String(++serial).padStart(12, '0')}`;

  const paymentOf = ({ attemptNo, amount, notifyUrl: url }: Question): Payment => {
    const channelNo = next('P');
    const payment = books.get(attemptNo) ?? {
      attemptNo,
      channelNo,
      amount,
      state: 'waiting',
      qr: `https://qr.example/${channelNo}`,
      notifyUrl: url,
      refunds: [],
    };
    books.set(attemptNo, payment);
    return payment;
  };

  /** Each verb by its path. */
  const verbs: Record<string, (asked: Question) => object | string> = {
    '/pay'(asked) {
      const isKnown = books.has(asked.attemptNo);
      if (asked.authCode !== undefined && !/^99\d{16}$/.test(asked.authCode))
        return refused('AUTH_CODE_INVALID', 'no code of ours');
      const payment = paymentOf(asked);
      // Codes that begin with 990 belong to patients who never confirm.
      if (!isKnown && asked.authCode?.startsWith('991')) take(payment);
      return payment;
    },
    '/query': ({ attemptNo }) => books.get(attemptNo) ?? refused('NOT_FOUND', 'no such payment'),
    /** A number that never came is barred as well: it cannot be paid later. */
    '/close'(asked) {
      const payment = paymentOf(asked);
      if (payment.state === 'waiting') payment.state = 'closed';
      return payment;
    },
    '/reverse'(asked) {
      const payment = paymentOf(asked);
      if (payment.state === 'waiting') payment.state = 'closed';
      if (payment.state === 'paid') payment.state = 'reversed';
      return payment;
    },
    '/refund'({ attemptNo, refundNo, amount }) {
      const payment = books.get(attemptNo);
      if (payment?.state !== 'paid') return refused('NOT_REFUNDABLE', 'the payment is not paid');
      const known = payment.refunds.find((refund) => refund.refundNo === refundNo);
      if (known) return known;
      const given = payment.refunds.reduce((sum, refund) => sum + refund.amount, 0);
      if (given + amount > payment.amount) return refused('REFUND_EXCEEDS', 'more than what is left');
      const refund = { refundNo, channelNo: next('R'), amount, refundedAt: now() };
      payment.refunds.push(refund);
      return refund;
    },
    '/refund-query': ({ attemptNo, refundNo }) =>
      books.get(attemptNo)?.refunds.find((refund) => refund.refundNo === refundNo) ??
      refused('NOT_FOUND', 'no such refund'),
    '/bill': ({ date }) => (date > dayOf(now()) ? refused('BILL_NOT_READY', 'not yet') : billOf(date)),
    '/test': () => ({ ok: true }),
  };

  function take(payment: Payment): void {
    payment.state = 'paid';
    payment.paidAt = now();
  }

  function billOf(date: string): string {
    const sums = { payments: 0, paymentFen: 0, refunds: 0, refundFen: 0 };
    const rows: string[] = [];
    const refundRow = (payment: Payment, { refundNo, channelNo, amount, refundedAt }: Refund) => {
      sums.refunds += 1;
      sums.refundFen += amount;
      rows.push(['refund', payment.attemptNo, refundNo, channelNo, amount, 0, refundedAt].join(','));
    };
    for (const payment of books.values()) {
      const { attemptNo, channelNo, amount, paidAt } = payment;
      if (paidAt === undefined || dayOf(paidAt) !== date) continue;
      sums.payments += 1;
      sums.paymentFen += amount;
      rows.push(['payment', attemptNo, '', channelNo, amount, 0, paidAt].join(','));
      for (const refund of payment.refunds) refundRow(payment, refund);
      if (payment.state === 'reversed')
        refundRow(payment, { refundNo: `${attemptNo}V`, channelNo, amount, refundedAt: paidAt });
    }
    const total = ['total', ...Object.values(sums), 0].join(',');
    return [`merchant,${merchantId},${date}`, ...rows, total, ''].join('\n');
  }

  async function notify(payment: Payment): Promise<void> {
    const body = JSON.stringify({ id: `N${payment.channelNo}`, payment });
    const timestamp = String(Date.now());
    const signature = sign(key, { path: 'notify', timestamp, body });
    await fetch(payment.notifyUrl, {
      method: 'POST',
      headers: { 'x-timestamp': timestamp, 'x-signature': signature },
      body,
    });
  }

  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const body = await bodyOf(request);
    const timestamp = String(request.headers['x-timestamp']);
    const isOurs = verifies(key, { path, timestamp, body }, String(request.headers['x-signature']));
    const asked = question.safeParse(isOurs ? JSON.parse(body) : undefined);
    const verb = verbs[path];
    if (!isOurs || !asked.success || !verb) return response.writeHead(400).end();
    const answer = verb(asked.data);
    const at = faults.findIndex(({ operation }) => `/${operation}` === path);
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    return send(response, path, typeof answer === 'string' ? answer : JSON.stringify(answer), fault?.kind);
  });

  function send(response: ServerResponse, path: string, body: string, fault: AnswerFault | undefined) {
    const timestamp = String(Date.now());
    const answer = (signedWith: string) => {
      const signature = sign(signedWith, { path, timestamp, body });
      response.writeHead(200, { 'x-timestamp': timestamp, 'x-signature': signature }).end(body);
    };
    switch (fault) {
      case undefined:
        return answer(key);
      case 'bad_signature':
        return answer('another key');
      case 'http_5xx':
        return response.writeHead(503).end('busy');
      case 'garbage':
        return response.writeHead(200).end('<html>');
      case 'reset':
        return response.destroy();
      case 'reply_lost':
        return undefined;
      default:
        return fault satisfies never;
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  return {
    config: { gateway: `http://127.0.0.1:${address.port}`, merchantId, key },
    paymentCode: (fate) => `${fate === 'pays' ? '991' : '990'}${String(++serial).padStart(15, '0')}`,
    async pay({ attemptNo, amount }) {
      const payment = paymentOf({ attemptNo, amount, notifyUrl, refundNo: '', date: '' });
      if (payment.state === 'waiting') take(payment);
      await notify(payment);
    },
    fault(operation, _scene, kind) {
      const fault = { operation, kind };
      faults.push(fault);
      return () => !faults.includes(fault);
    },
    payments: () =>
      [...books.values()].map(({ attemptNo, amount, paidAt, state, refunds }) => ({
        attemptNo,
        amount,
        paid: paidAt !== undefined,
        ...(state === 'reversed' ? { reversed: true } : {}),
        refunds: refunds.map(({ refundNo, amount: part }) => ({ refundNo, amount: part })),
      })),
    async repeatNotification(attemptNo) {
      const payment = books.get(attemptNo);
      if (payment) await notify(payment);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
