import { type CallRecord, type ChannelContext, sendOnce } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { CcbSettings } from './config';
import { masked, maskedXml } from './masking';
import { bankSigned, barcodeSign, ccbParam, type Fields, qrMac, queryMac } from './signing';
import { decoded, readXml } from './xml';

const text = z.union([z.string(), z.number()]).transform(String);
const optional = text.optional().transform((value) => value ?? '');

const barcodeReply = z.object({
  RESULT: text,
  ORDERID: optional,
  AMOUNT: optional,
  WAITTIME: optional,
  TRACEID: optional,
  ERRCODE: optional,
  ERRMSG: optional,
  SIGN: optional,
});
export type BarcodeReply = z.output<typeof barcodeReply>;

const qrReply = z.object({
  SUCCESS: text,
  PAYURL: text.optional(),
  QRURL: text.optional(),
  ERRCODE: optional,
  ERRMSG: optional,
});

const queryOrder = z.object({
  MERCHANTID: optional,
  ORDERID: text,
  ORDERDATE: optional,
  AMOUNT: optional,
  STATUSCODE: text,
  STATUS: optional,
});
const list = z.preprocess(
  (given) => (given === undefined || given === '' ? [] : Array.isArray(given) ? given : [given]),
  z.array(queryOrder),
);
const queryReply = z.object({ RETURN_CODE: text, RETURN_MSG: optional, QUERYORDER: list });
export type QueryReply = z.output<typeof queryReply>;

export type Answer<Body> = { kind: 'answer'; body: Body } | { kind: 'none'; code: string; cause: string };
export type CallSubject = Pick<CallRecord, 'method' | 'attemptNo' | 'refundNo' | 'scene'>;

export interface Client {
  /** PAY100 and PAY101. The bank signs these answers. */
  barcode(subject: CallSubject, fields: Fields): Promise<Answer<BarcodeReply>>;
  /** 530550 and the page it leads to: the QR's text. The bank signs neither answer. */
  qr(subject: CallSubject, fields: Fields): Promise<Answer<string>>;
  /** 410408. What its SIGN covers is not documented, so it cannot be verified. */
  query(subject: CallSubject, fields: Fields): Promise<Answer<QueryReply>>;
}

const none = (code: string, cause: string): Answer<never> => ({ kind: 'none', code, cause });

function readJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

export function createClient(settings: CcbSettings, context: ChannelContext): Client {
  const main = `${settings.gateway}/ccbMain?CCB_IBSVersion=V6`;

  /** Sends, reads, records. `show` is what the log may keep of the request. */
  async function send<Body>(
    subject: CallSubject,
    url: string,
    form: Fields | undefined,
    show: Fields,
    read: (content: string) => Answer<Body>,
    error: (body: Body) => { code: string; message: string } | undefined,
  ): Promise<Answer<Body>> {
    const startedAt = context.now();
    const started = performance.now();
    const answer = await sendOnce({
      method: form === undefined ? 'GET' : 'POST',
      url,
      ...(form === undefined
        ? {}
        : {
            headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
            body: new URLSearchParams(form).toString(),
          }),
      timeoutMs: context.timeoutMs,
    });
    const content = answer.kind === 'answer' ? decoded(answer.body) : '';
    const result =
      answer.kind === 'none'
        ? answer
        : answer.status === 200
          ? read(content)
          : none(`HTTP_${answer.status}`, `HTTP ${answer.status}`);
    const wrong = result.kind === 'none' ? { code: result.code, message: result.cause } : error(result.body);
    const fields = readJson(content);
    context.record({
      ...subject,
      url,
      request: masked(show),
      response:
        typeof fields === 'object' && fields !== null ? masked(Object.entries(fields)) : maskedXml(content),
      startedAt,
      durationMs: Math.round(performance.now() - started),
      ...(answer.kind === 'answer' ? { httpStatus: answer.status } : {}),
      ...(wrong ? { errorCode: wrong.code, errorMessage: wrong.message } : {}),
    });
    return result;
  }

  return {
    barcode(subject, fields) {
      const sent: Fields = settings.barcodeSign ? [...fields, ['SIGN', barcodeSign(fields)]] : fields;
      const code = fields.find(([name]) => name === 'TXCODE')?.[1] ?? '';
      const form: Fields = [
        ['MERCHANTID', settings.merchantId],
        ['POSID', settings.posId],
        ['BRANCHID', settings.branchId],
        ['TXCODE', code],
        ['ccbParam', ccbParam(sent, settings.pub)],
      ];
      return send(
        subject,
        `${settings.gateway}/B2CMainPlat_00_ENPAY`,
        form,
        fields,
        (content) => {
          const reply = barcodeReply.safeParse(readJson(content));
          if (!reply.success) return none('MALFORMED', 'not a reply to this call');
          const { RESULT, ORDERID, AMOUNT, WAITTIME, TRACEID, SIGN } = reply.data;
          const told = `RESULT=${RESULT}&ORDERID=${ORDERID}&AMOUNT=${AMOUNT}&WAITTIME=${WAITTIME}`;
          const signed = code === 'PAY100' ? `${told}&TRACEID=${TRACEID}` : told;
          return bankSigned(signed, SIGN, settings.publicKey)
            ? { kind: 'answer', body: reply.data }
            : none('BAD_SIGNATURE', 'the reply does not verify with the counter’s public key');
        },
        ({ RESULT, ERRCODE, ERRMSG }) =>
          RESULT === 'N' || RESULT === 'U'
            ? { code: ERRCODE || `RESULT_${RESULT}`, message: ERRMSG }
            : undefined,
      );
    },

    async qr(subject, fields) {
      const page = (content: string) => {
        const reply = qrReply.safeParse(readJson(content));
        return reply.success
          ? ({ kind: 'answer', body: reply.data } as const)
          : none('MALFORMED', 'not a reply to this call');
      };
      const refusal = ({ SUCCESS, ERRCODE, ERRMSG }: z.output<typeof qrReply>) =>
        SUCCESS === 'true' ? undefined : { code: ERRCODE || 'QR_REFUSED', message: ERRMSG };
      const form: Fields = [...fields, ['MAC', qrMac(fields, settings.pub)]];
      const first = await send(subject, main, form, fields, page, refusal);
      if (first.kind === 'none') return first;
      const refused = refusal(first.body);
      if (refused) return none(refused.code, refused.message);
      const { PAYURL } = first.body;
      if (!PAYURL || !/^https?:\/\//.test(PAYURL))
        return none('MALFORMED', 'no address of the QR in the answer');
      const second = await send(subject, PAYURL, undefined, [], page, refusal);
      if (second.kind === 'none') return second;
      const { QRURL } = second.body;
      return QRURL
        ? { kind: 'answer', body: decodeURIComponent(QRURL) }
        : none('MALFORMED', 'no QR text in the answer');
    },

    query(subject, fields) {
      return send(
        subject,
        main,
        [...fields, ['MAC', queryMac(fields)]],
        fields,
        (content) => {
          const reply = queryReply.safeParse(readXml(content));
          return reply.success
            ? { kind: 'answer', body: reply.data }
            : none('MALFORMED', 'not a reply to this call');
        },
        ({ RETURN_CODE, RETURN_MSG }) =>
          RETURN_CODE === '000000' ? undefined : { code: RETURN_CODE, message: RETURN_MSG },
      );
    },
  };
}
