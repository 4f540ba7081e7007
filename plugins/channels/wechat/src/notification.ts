import type { Acknowledgement, NotificationReading, RawNotification } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { WechatSettings } from './config';
import { decryptResource } from './gcm';
import { readJson } from './json';
import { orderOutcome, refundOutcome } from './outcomes';
import { readSignatureHeaders } from './signing';
import { readOrder, readRefundNotice } from './v3/bodies';
import type { PlatformKeys } from './v3/platform-keys';

const acknowledgement = (status: number, code: 'SUCCESS' | 'FAIL', message: string): Acknowledgement => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: JSON.stringify({ code, message }),
});

export const accepted = acknowledgement(200, 'SUCCESS', '成功');
export const retry = acknowledgement(500, 'FAIL', '暂时无法处理');

export const rejected = (
  code: string,
  cause: string,
  status: 400 | 401 = 400,
): Extract<NotificationReading, { kind: 'rejected' }> => ({
  kind: 'rejected',
  code,
  cause,
  answer: acknowledgement(status, 'FAIL', status === 401 ? '验签失败' : '通知无效'),
});

const envelope = z.object({
  id: z.string().min(1),
  event_type: z.string(),
  resource: z.object({
    algorithm: z.literal('AEAD_AES_256_GCM'),
    ciphertext: z.string(),
    nonce: z.string(),
    associated_data: z.string().optional(),
  }),
});

type Opened = { id: string; eventType: string; plain: unknown };

/** Signature and age first, then the seal. Events that are not `wanted` are verified and left alone. */
export async function openNotice(
  raw: RawNotification,
  settings: Pick<WechatSettings, 'apiV3Key'>,
  keys: PlatformKeys,
  wanted: (eventType: string) => boolean,
): Promise<Opened | Exclude<NotificationReading, { kind: 'event' }>> {
  const text = raw.body.toString('utf8');
  const refusal = await keys.verify(readSignatureHeaders(raw.headers, text));
  if (refusal) return rejected(refusal, `the notification does not verify: ${refusal}`, 401);

  const notice = envelope.safeParse(readJson(text));
  if (!notice.success) return rejected('MALFORMED', 'not a notification of WeChat Pay');
  const { id, event_type, resource } = notice.data;
  if (!wanted(event_type)) return { kind: 'ignored', accepted };
  try {
    return { id, eventType: event_type, plain: readJson(decryptResource(settings.apiV3Key, resource)) };
  } catch {
    return rejected('DECRYPT', 'the resource does not open with this APIv3 key');
  }
}

/** What was opened, and whose it is. Amounts are compared by the core, which knows them. */
export async function readNotification(
  raw: RawNotification,
  settings: WechatSettings,
  keys: PlatformKeys,
  now: () => Date,
): Promise<NotificationReading> {
  const notice = await openNotice(
    raw,
    settings,
    keys,
    (type) => type === 'TRANSACTION.SUCCESS' || type.startsWith('REFUND.'),
  );
  if ('kind' in notice) return notice;
  const { id, eventType, plain } = notice;
  const done = { notificationId: id, accepted, retry };

  if (eventType === 'TRANSACTION.SUCCESS') {
    const order = readOrder(plain);
    if (!order) return rejected('MALFORMED', 'unreadable order');
    if (order.mchid !== settings.mchid) return rejected('INTEGRITY', `for merchant ${order.mchid}`);
    if (order.appid !== settings.appid) return rejected('INTEGRITY', `for app ${order.appid}`);
    const outcome = orderOutcome(order, settings, now());
    return { kind: 'event', ...done, event: { kind: 'payment', attemptNo: order.attemptNo, outcome } };
  }
  const refund = readRefundNotice(plain);
  if (!refund) return rejected('MALFORMED', 'unreadable refund');
  if (refund.mchid !== settings.mchid) return rejected('INTEGRITY', `for merchant ${refund.mchid}`);
  const { attemptNo, refundNo } = refund;
  const outcome = refundOutcome(refund, undefined, now());
  return { kind: 'event', ...done, event: { kind: 'refund', attemptNo, refundNo, outcome } };
}
