import type { ChannelContext, HttpAnswer, Scene } from '@hospital-pay/payments/contract';
import { coverFreeText, createExchange, keepEnds, type Reading } from '@hospital-pay/wallets';
import type { Settings } from './config';
import { sign, verifies } from './signing';

export interface Call {
  /** As the interface log names it. */
  record: string;
  path: string;
  body: object;
  attemptNo?: string;
  refundNo?: string;
  scene?: Scene;
}

/** Only a verified answer is the channel's word; anything else leaves the result unknown. */
export type Reply = { kind: 'answered'; bytes: Buffer } | { kind: 'silent'; code: string; cause: string };

/** How fields are covered in the interface log. */
const covers = { authCode: keepEnds(2, 4), subject: coverFreeText, reason: coverFreeText };

export function createClient(settings: Settings, context: ChannelContext): (call: Call) => Promise<Reply> {
  const send = createExchange(context, covers);
  return ({ path, body, ...call }) => {
    const timestamp = String(context.now().getTime());
    const text = JSON.stringify(body);
    return send(
      {
        ...call,
        method: 'POST',
        url: settings.gateway + path,
        headers: {
          'content-type': 'application/json',
          'x-merchant': settings.merchantId,
          'x-timestamp': timestamp,
          'x-signature': sign(settings.key, { path, timestamp, body: text }),
        },
        body: text,
      },
      (answer) => read(answer, settings.key, path),
    );
  };
}

function read(answer: HttpAnswer, key: string, path: string): Reading<Reply> {
  if (answer.kind === 'none') return silent(answer.code, answer.cause);
  if (answer.status !== 200) return silent(`HTTP_${answer.status}`, `HTTP ${answer.status}`);
  const { headers, body } = answer;
  const timestamp = String(headers['x-timestamp'] ?? '');
  const signature = String(headers['x-signature'] ?? '');
  return verifies(key, { path, timestamp, body }, signature)
    ? { result: { kind: 'answered', bytes: body } }
    : silent('BAD_SIGNATURE', 'the answer does not verify');
}

const silent = (code: string, cause: string): Reading<Reply> => ({
  result: { kind: 'silent', code, cause },
  error: { code, message: cause },
});
