import {
  type NotificationReading,
  type RawNotification,
  readChinaCompact,
  toMinor,
} from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { readJson, replyBody } from './client';
import type { IcbcSettings, SignType } from './config';
import { signedAnswer, stringToSign, textVerifies } from './signing';

const signTypes = z.enum(['RSA', 'RSA2']);

/** Verifies before it reads. Every answer, a refusal too, is signed by us: ICBC asks for that. */
export function readNotification(
  raw: RawNotification,
  settings: IcbcSettings,
  notifyUrl: string,
  now: Date,
): NotificationReading {
  const answer = (status: number, returnCode: number, text: string, messageId = '') => ({
    status,
    contentType: 'application/json; charset=utf-8',
    body: signedAnswer(
      { return_code: returnCode, return_msg: text, msg_id: messageId },
      settings.signType,
      settings.privateKey,
    ),
  });
  const reject = (code: string, cause: string): NotificationReading => ({
    kind: 'rejected',
    code,
    cause,
    answer: answer(400, -12345, code === 'BAD_SIGNATURE' ? 'icbc sign not pass.' : 'refused.'),
  });

  const form = readForm(raw.body);
  if (form === undefined) return reject('UNREADABLE', 'not a form, or a field is given twice');
  const signType = signTypes.safeParse(form.sign_type);
  if (!signType.success || !form.sign) return reject('BAD_SIGNATURE', 'no RSA signature');
  if (!verifies(form, form.sign, signType.data, new URL(notifyUrl).pathname, settings)) {
    return reject('BAD_SIGNATURE', 'the signature does not verify');
  }
  if (form.app_id !== settings.appId)
    return reject('APP_ID', `meant for application ${form.app_id ?? 'none'}`);
  if (form.encrypt_type) return reject('ENCRYPTED', 'encrypted notifications are not read');
  const body = replyBody.safeParse(readJson(form.biz_content ?? ''));
  if (!body.success) return reject('MALFORMED', 'no return code');
  const { mer_id, out_trade_no, order_id, total_amt = '', return_code, msg_id, pay_time } = body.data;
  if (mer_id !== undefined && mer_id !== settings.merId)
    return reject('MERCHANT', `meant for merchant ${mer_id}`);
  if (!out_trade_no || !order_id || !/^\d{1,12}$/.test(total_amt)) {
    return reject('MALFORMED', 'order number or amount missing');
  }
  return {
    kind: 'event',
    notificationId: `${order_id}-${return_code}`,
    event: {
      kind: 'payment',
      attemptNo: out_trade_no,
      outcome:
        return_code === '0'
          ? {
              kind: 'paid',
              amount: toMinor(total_amt),
              currency: 'CNY',
              channelNo: order_id,
              paidAt: readChinaCompact(pay_time) ?? now,
            }
          : { kind: 'pending', channelNo: order_id },
    },
    accepted: answer(200, 0, 'success.', msg_id),
    retry: answer(500, -1, 'try again.', msg_id),
  };
}

const verifies = (
  form: Record<string, string>,
  signature: string,
  type: SignType,
  path: string,
  settings: IcbcSettings,
): boolean => textVerifies(stringToSign(path, form), signature, type, settings.gatewayPublicKey);

function readForm(body: Buffer): Record<string, string> | undefined {
  const form: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (Object.hasOwn(form, name)) return undefined;
    form[name] = value;
  }
  return form;
}
