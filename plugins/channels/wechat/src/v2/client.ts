import type { CallRecord, ChannelContext } from '@hospital-pay/payments/contract';
import type { WechatSettings } from '../config';
import { exchange, type HttpAnswer } from '../http';
import { maskXml } from '../masking';
import type { Refused } from '../outcomes';
import { randomNonce, signV2, verifyV2 } from '../signing';
import type { CallSubject } from '../v3/client';
import { readXml, writeXml } from './xml';

export type V2Answer = { kind: 'ok'; data: Record<string, string> } | Refused;

export interface V2Client {
  call(subject: CallSubject, path: string, parameters: Record<string, string>): Promise<V2Answer>;
}

export function createV2Client(
  settings: WechatSettings,
  v2: NonNullable<WechatSettings['v2']>,
  context: ChannelContext,
): V2Client {
  return {
    async call(subject, path, parameters) {
      const unsigned: Record<string, string> = {
        appid: settings.appid,
        mch_id: settings.mchid,
        nonce_str: randomNonce(),
        sign_type: v2.signType,
        ...parameters,
      };
      const body = writeXml({ ...unsigned, sign: signV2(unsigned, v2.key, v2.signType) });
      const url = settings.baseUrl + path;
      const startedAt = context.now();
      const clock = performance.now();
      const answer = await exchange({
        method: 'POST',
        url,
        headers: { 'Content-Type': 'text/xml; charset=utf-8', 'User-Agent': 'hospital-pay/0.1' },
        body,
        timeoutMs: context.timeoutMs,
        maxBytes: 4 * 1024 * 1024,
        certificate:
          path.startsWith('/secapi/') && v2.clientCert
            ? { cert: v2.clientCert, key: v2.clientKey }
            : undefined,
      });
      const result = read(answer);
      const entry: CallRecord = {
        ...subject,
        url,
        request: maskXml(body),
        response: answer.kind === 'answer' ? maskXml(answer.body.toString('utf8')) : '',
        startedAt,
        durationMs: Math.round(performance.now() - clock),
      };
      if (answer.kind === 'answer') entry.httpStatus = answer.status;
      if (result.kind !== 'ok') {
        entry.errorCode = result.code;
        entry.errorMessage = result.kind === 'error' ? result.message : result.cause;
      }
      context.record(entry);
      return result;
    },
  };

  function read(answer: HttpAnswer): V2Answer {
    switch (answer.kind) {
      case 'timeout':
        return { kind: 'unusable', code: 'TIMEOUT', cause: answer.cause };
      case 'network':
        return { kind: 'unusable', code: 'NETWORK', cause: answer.cause };
      case 'answer':
        break;
      default: {
        const never: never = answer;
        return never;
      }
    }
    if (answer.status !== 200)
      return { kind: 'unusable', code: 'HTTP_ERROR', cause: `HTTP ${answer.status}` };
    const data = readXml(answer.body.toString('utf8'));
    if (!data) return { kind: 'unusable', code: 'GARBAGE', cause: 'the answer is no XML of WeChat Pay' };
    if (data.return_code !== 'SUCCESS') {
      // Without a signature this is hearsay: enough to tell operations, too little to call a payment failed.
      return { kind: 'unusable', code: 'V2_REFUSED', cause: data.return_msg ?? 'return_code FAIL' };
    }
    if (!verifyV2(data, v2.key, v2.signType)) {
      return { kind: 'unusable', code: 'UNVERIFIED', cause: 'the answer does not verify' };
    }
    if (data.mch_id !== settings.mchid || (data.appid ?? settings.appid) !== settings.appid) {
      return { kind: 'unusable', code: 'INTEGRITY', cause: `answer is for merchant ${data.mch_id}` };
    }
    if (data.result_code !== 'SUCCESS') {
      const code = data.err_code ?? 'GARBAGE';
      // `recall` comes with failures too: reverse has to be called again whatever the code is.
      if (data.recall === 'Y') return { kind: 'unusable', code: 'REVERSE_AGAIN', cause: `${code}: recall` };
      return { kind: 'error', code, message: data.err_code_des ?? code, status: 200 };
    }
    return { kind: 'ok', data };
  }
}
