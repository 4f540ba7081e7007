import { chinaRfc3339, type SandboxClock } from '../clock';
import type { WechatCredentials } from './credentials';
import { encryptResource } from './signing';
import { signatureHeaders } from './v3-door';

export interface NoticeEvent {
  id: string;
  type: string;
  summary: string;
  original: string;
}

/** A notification of v3: what is told, encrypted for the merchant and signed over the whole. */
export function notice(
  merchant: WechatCredentials,
  clock: SandboxClock,
  event: NoticeEvent,
  plaintext: Record<string, unknown>,
): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify({
    id: event.id,
    create_time: chinaRfc3339(clock.now()),
    resource_type: 'encrypt-resource',
    event_type: event.type,
    summary: event.summary,
    resource: {
      original_type: event.original,
      ...encryptResource(merchant.apiV3Key, JSON.stringify(plaintext), event.original),
    },
  });
  return { body, headers: signatureHeaders(merchant, body, { clock, asked: '', corrupt: false }) };
}
