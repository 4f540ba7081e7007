import {
  type Bill,
  BillError,
  type ChannelContext,
  type ChannelDriver,
  chinaCompact,
  chinaDay,
  chinaHourAfter,
  formatAmount,
  type Outcome,
  type PaymentReference,
  type PayRequest,
  type RefundRequest,
} from '@hospital-pay/payments/contract';
import { openBill, packed } from './bill';
import { createClient } from './client';
import type { CcbSettings, EbsSettings } from './config';
import { createEbs, type Ebs } from './ebs';
import { readNotification } from './notification';
import {
  barcodeOutcome,
  barcodeQueryOutcome,
  qrOutcome,
  queryOutcome,
  refundCode,
  refundOutcome,
  refundRowOutcome,
} from './outcomes';
import type { Fields } from './signing';

const refuse = (code: string, message: string): Outcome => ({ kind: 'failed', code, message });

/** Refused before anything is sent, so `failed` is certain. */
function cannotBeSent(request: PayRequest): Outcome | undefined {
  if (!/^[0-9A-Za-z]{1,30}$/.test(request.attemptNo))
    return refuse('PARAM', '订单号须为 30 位以内字母或数字');
  if (!Number.isSafeInteger(request.amount) || request.amount < 1)
    return refuse('PARAM', '金额须为正整数（分）');
  if (request.currency !== 'CNY') return refuse('PARAM', '建行龙支付只收人民币');
  return request.scene === 'micropay' && !request.authCode
    ? refuse('AUTH_CODE_MISSING', '缺少付款码')
    : undefined;
}

export function createDriver(settings: CcbSettings, context: ChannelContext): ChannelDriver {
  const client = createClient(settings, context);
  const { merchantId, posId, branchId } = settings;
  const now = () => context.now();

  const barcode = (attemptNo: string, code: 'PAY100' | 'PAY101', more: Fields): Fields => [
    ['MERFLAG', '1'],
    ['MERCHANTID', merchantId],
    ['POSID', posId],
    ['TERMNO1', ''],
    ['TERMNO2', ''],
    ['BRANCHID', branchId],
    ['ORDERID', attemptNo],
    ...more,
    ['TXCODE', code],
  ];

  const payByCode = async (request: PayRequest): Promise<Outcome> => {
    const { attemptNo, scene } = request;
    const fields = barcode(attemptNo, 'PAY100', [
      ['QRCODE', request.authCode ?? ''],
      ['AMOUNT', formatAmount(request.amount)],
    ]);
    return barcodeOutcome(
      await client.barcode({ method: 'create_order', attemptNo, scene }, fields),
      request,
      now(),
    );
  };

  const payByQr = async (request: PayRequest): Promise<Outcome> => {
    const { attemptNo, scene } = request;
    const answer = await client.qr({ method: 'create_order', attemptNo, scene }, [
      ['MERCHANTID', merchantId],
      ['POSID', posId],
      ['BRANCHID', branchId],
      ['ORDERID', attemptNo],
      ['PAYMENT', formatAmount(request.amount)],
      ['CURCODE', '01'],
      ['TXCODE', '530550'],
      ['REMARK1', ''],
      ['REMARK2', ''],
      // 3: the aggregate QR as JSON.
      ['RETURNTYPE', '3'],
      ['TIMEOUT', chinaCompact(request.expiresAt)],
    ]);
    return qrOutcome(answer);
  };

  const queryQr = async (payment: PaymentReference): Promise<Outcome> => {
    const { attemptNo, scene } = payment;
    const day = chinaDay(payment.createdAt);
    const answer = await client.query({ method: 'query_order', attemptNo, scene }, [
      ['MERCHANTID', merchantId],
      ['BRANCHID', branchId],
      ['POSID', posId],
      ['ORDERDATE', day.replaceAll('-', '')],
      ['BEGORDERTIME', '00:00:00'],
      ['ENDORDERTIME', '23:59:59'],
      ['ORDERID', attemptNo],
      ['QUPWD', settings.queryPassword],
      ['TXCODE', '410408'],
      ['TYPE', '0'],
      ['KIND', day === chinaDay(now()) ? unsettled : settled],
      ['STATUS', '3'],
      ['SEL_TYPE', '3'],
      ['PAGE', '1'],
      ['OPERATOR', ''],
      ['CHANNEL', ''],
    ]);
    return queryOutcome(answer, payment, now());
  };

  return {
    async pay(request) {
      const refused = cannotBeSent(request);
      if (refused) return refused;
      switch (request.scene) {
        case 'micropay':
          return payByCode(request);
        case 'native':
          return payByQr(request);
        case 'jsapi':
        case 'h5':
        case 'app':
        case 'terminal':
          return refuse('SCENE', `not offered by this channel: ${request.scene}`);
        default:
          return request.scene satisfies never;
      }
    },

    async query(payment) {
      if (payment.scene !== 'micropay') return queryQr(payment);
      const { attemptNo, scene } = payment;
      const fields = barcode(attemptNo, 'PAY101', [['QRYTIME', '1']]);
      return barcodeQueryOutcome(
        await client.barcode({ method: 'query_order', attemptNo, scene }, fields),
        payment,
        now(),
      );
    },

    readNotification: async (raw) => readNotification(raw, settings, now()),

    async test() {
      const fields = barcode(`TEST${now().getTime()}`, 'PAY101', [['QRYTIME', '1']]);
      const answer = await client.barcode({ method: 'test' }, fields);
      // Any answer under the counter's key proves that both sides know it.
      return answer.kind === 'answer'
        ? { ok: true }
        : { ok: false, code: answer.code, message: answer.cause };
    },

    ...(settings.ebs ? outside(settings, settings.ebs, context) : {}),
  };
}

/** Today's movements, and those that the bank has booked. */
const unsettled = '0';
const settled = '1';

/** What the bank does through its own program only. */
function outside(
  settings: CcbSettings,
  ebsSettings: EbsSettings,
  context: ChannelContext,
): Pick<ChannelDriver, 'refund' | 'queryRefund' | 'bill'> {
  const ebs = createEbs(ebsSettings, context);
  const subjectOf = (request: RefundRequest, method: string) => ({
    method,
    attemptNo: request.payment.attemptNo,
    refundNo: request.refundNo,
    scene: request.payment.scene,
  });

  /** 5W1003, today's refunds and then the booked ones. `undefined`: the bank knows of none such. */
  const known = async (request: RefundRequest): Promise<Outcome | undefined> => {
    for (const kind of [unsettled, settled]) {
      const answer = await ebs.call(subjectOf(request, 'query_refund'), '5W1003', {
        KIND: kind,
        ORDER: request.payment.attemptNo,
        NORDERBY: '2',
        PAGE: '1',
        POS_CODE: settings.posId,
        STATUS: '3',
      });
      if (answer.kind === 'none') return { kind: 'unknown', cause: answer.cause, code: answer.code };
      const { RETURN_CODE, RETURN_MSG, TX_INFO } = answer.body;
      if (ebsSettings.noRecords.has(RETURN_CODE)) continue;
      if (RETURN_CODE !== '000000') return { kind: 'unknown', cause: RETURN_MSG, code: RETURN_CODE };
      const outcome = refundRowOutcome(TX_INFO.LIST, request, context.now());
      if (outcome) return outcome;
      if (Number(TX_INFO.TPAGE || '1') > 1) {
        return { kind: 'unknown', code: 'TOO_MANY', cause: 'more refunds of this order than one page shows' };
      }
    }
    return undefined;
  };

  return {
    /** Nothing protects from a second refund but asking first, so that is done before each sending. */
    async refund(request) {
      const { amount, payment } = request;
      if (!Number.isSafeInteger(amount) || amount < 1 || amount > payment.amount) {
        return refuse('PARAM', '退款金额须为正整数（分），且不超过订单金额');
      }
      const code = refundCode(request);
      if (code === undefined) return refuse('PARAM', '退款流水号超过 15 位');
      const before = await known(request);
      if (before) return before;
      const answer = await ebs.call(subjectOf(request, 'refund_order'), '5W1004', {
        MONEY: formatAmount(amount),
        ORDER: payment.attemptNo,
        REFUND_CODE: code,
      });
      return refundOutcome(answer);
    },

    async queryRefund(request) {
      return (
        (await known(request)) ?? {
          kind: 'unknown',
          code: 'REFUND_NOT_FOUND',
          cause: 'the bank knows no refund of this number',
        }
      );
    },

    ...(ebsSettings.folder ? { bill: (date: string) => fetchBill(ebs, settings, date, context.now()) } : {}),
  };
}

/** From this hour of the next day the bill is asked for; unverified. */
const billReadyHour = 10;
const subject = { method: 'download_bill' };

/** 5W1005 makes a file of payments and one of refunds, 6W0111 fetches each into the program's folder. */
async function fetchBill(ebs: Ebs, settings: CcbSettings, date: string, now: Date): Promise<Bill> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new RangeError(`not a day: ${date}`);
  const ready = chinaHourAfter(date, 1, billReadyHour);
  const wait = (minutes: number): Bill => ({ kind: 'not-ready', retryAfterMinutes: minutes });
  if (chinaDay(now) < date) return wait(Math.ceil((ready.getTime() - now.getTime()) / 60_000));
  const files: Buffer[] = [];
  for (const type of ['0', '1']) {
    const made = await ebs.call(subject, '5W1005', {
      DATE: date.replaceAll('-', ''),
      KIND: settled,
      FILETYPE: '1',
      TYPE: type,
      NORDERBY: '1',
      POS_CODE: settings.posId,
      ORDER: '',
      STATUS: '1',
      // The older edition: the only one whose columns are known.
      BILL_FLAG: '0',
    });
    if (made.kind === 'none') throw new BillError('UNAVAILABLE', `${made.code}: ${made.cause}`);
    const { RETURN_CODE, RETURN_MSG, TX_INFO } = made.body;
    if (settings.ebs?.noRecords.has(RETURN_CODE)) continue;
    // What takes longer than three seconds is made in the background, under a code that is not documented.
    if (RETURN_CODE !== '000000' || TX_INFO.FILE_NAME === '') {
      if (now < ready) return wait(30);
      throw new BillError('UNAVAILABLE', `${RETURN_CODE}: ${RETURN_MSG}`);
    }
    const fetched = await ebs.call(subject, '6W0111', {
      SOURCE: TX_INFO.FILE_NAME,
      FILEPATH: 'merchant/shls',
      LOCAL_REMOTE: '0',
    });
    if (fetched.kind === 'none') throw new BillError('UNAVAILABLE', `${fetched.code}: ${fetched.cause}`);
    const bytes = await ebs.downloaded(TX_INFO.FILE_NAME);
    if (bytes === undefined) return wait(5);
    files.push(packed(bytes));
  }
  return files.length === 0
    ? { kind: 'empty' }
    : openBill(Buffer.concat(files), { date, posId: settings.posId });
}
