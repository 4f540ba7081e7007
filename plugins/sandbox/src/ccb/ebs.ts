import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import iconv from 'iconv-lite';
import type Koa from 'koa';
import { z } from 'zod';
import { giveRefund } from '../bank';
import { chinaDay, chinaTime } from '../clock';
import { answer, exchange, type Reply } from '../exchange';
import type { Operation } from '../faults';
import type { GatewayWorld } from '../gateway';
import type { Payment, Refund } from '../ledger';
import { fenOfYuan, yuan } from '../yuan';
import { billFile } from './bill';
import { type CcbCredentials, NO_RECORDS } from './credentials';

const request = z.object({
  TX: z.object({
    REQUEST_SN: z.string(),
    CUST_ID: z.string(),
    USER_ID: z.string(),
    PASSWORD: z.string(),
    TX_CODE: z.string(),
    TX_INFO: z.record(z.string(), z.string()),
  }),
});

interface Answered {
  code: string;
  message: string;
  information?: string;
}

const OPERATIONS: Record<string, Operation> = {
  '5W1003': 'query_refund',
  '5W1004': 'refund',
  '5W1005': 'bill',
  '6W0111': 'bill_file',
};

const no = (code: string, message: string): Answered => ({ code, message });
const done = (information: string): Answered => ({ code: '000000', message: '交易成功', information });
const tag = (name: string, value: string) => `<${name}>${value}</${name}>`;

/** The bank's program at the merchant's (外联平台): XML in GB18030. Files land in the merchant's folder. */
export function createEbs(world: GatewayWorld<CcbCredentials>) {
  const { ledger, life } = world;
  const parser = new XMLParser({ parseTagValue: false, ignoreDeclaration: true });
  /** A request number is taken once. */
  const taken = new Set<string>();
  const made = new Map<string, Buffer>();

  const statusOf = (refund: Refund): string =>
    ({ succeeded: '1', closed: '0', abnormal: '0', processing: '5' })[refund.state];

  function refundsOf(own: CcbCredentials, given: Record<string, string>): Answered {
    const payment = ledger.payment('ccb', own.merchantId, given.ORDER ?? '');
    const isToday = (refund: Refund) => chinaDay(refund.createdAt) === chinaDay(world.clock.now());
    const rows = (payment === null ? [] : ledger.refundsOf(payment))
      .map((refund) => life.settle(refund))
      // What was made today is not settled yet.
      .filter((refund) => isToday(refund) === (given.KIND === '0'));
    if (rows.length === 0) return no(NO_RECORDS, '流水记录不存在');
    const lists = rows.map((row) =>
      tag(
        'LIST',
        tag('REFUND_DATE', chinaTime(row.createdAt)) +
          tag('ORDER_NUMBER', row.outTradeNo) +
          tag('PAY_AMOUNT', yuan(payment?.amountFen ?? 0)) +
          tag('REFUNDEMENT_AMOUNT', yuan(row.amountFen)) +
          tag('POS_CODE', own.posId) +
          tag('STATUS', statusOf(row)) +
          tag('REFUND_CODE', row.reason ?? ''),
      ),
    );
    return done(tag('TPAGE', '1') + tag('CUR_PAGE', '1') + lists.join(''));
  }

  function refund(own: CcbCredentials, given: Record<string, string>, requestNo: string): Answered {
    const payment: Payment | null = ledger.payment('ccb', own.merchantId, given.ORDER ?? '');
    const amountFen = fenOfYuan(given.MONEY ?? '');
    if (payment === null || amountFen === null) return no('YDCA0299', '订单不存在或金额有误');
    // Nothing but the request number protects from a second refund, and that is new each time.
    let refundNo = `${payment.outTradeNo}${given.REFUND_CODE || requestNo}`;
    while (ledger.refund('ccb', own.merchantId, payment.outTradeNo, refundNo) !== null) refundNo += '-again';
    const booked = giveRefund(world, payment, {
      refundNo,
      amountFen,
      note: given.REFUND_CODE ?? null,
      notifyUrl: null,
    });
    return typeof booked === 'string'
      ? no('YDCA0298', `退款被拒绝：${booked}`)
      : done(
          tag('ORDER_NUM', payment.outTradeNo) +
            tag('PAY_AMOUNT', yuan(payment.amountFen)) +
            tag('AMOUNT', yuan(amountFen)),
        );
  }

  function makeFile(own: CcbCredentials, given: Record<string, string>): Answered {
    const day = (given.DATE ?? '').replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
    const today = chinaDay(world.clock.now());
    if (day > today || (day === today && !world.settings.billsForToday))
      return no('YDCA0001', '对账单未生成');
    const of = given.TYPE === '1' ? 'refunds' : 'payments';
    const file = billFile(ledger, own, day, of);
    if (file === null) return no(NO_RECORDS, '流水记录不存在');
    const name = `SHOP.${own.merchantId}.${given.DATE}.02.${of}.${made.size}.txt.gz`;
    made.set(name, file);
    return done(tag('FILE_NAME', name));
  }

  function fetchFile(own: CcbCredentials, given: Record<string, string>): Answered {
    const file = made.get(given.SOURCE ?? '');
    if (file === undefined || given.FILEPATH !== 'merchant/shls') return no('WLPT_Err1006', '文件不存在');
    mkdirSync(own.ebsFolder, { recursive: true });
    writeFileSync(join(own.ebsFolder, given.SOURCE ?? ''), file);
    return done('');
  }

  function run(
    own: CcbCredentials,
    code: string,
    given: Record<string, string>,
    requestNo: string,
  ): Answered {
    switch (code) {
      case '5W1003':
        return refundsOf(own, given);
      case '5W1004':
        return refund(own, given, requestNo);
      case '5W1005':
        return makeFile(own, given);
      case '6W0111':
        return fetchFile(own, given);
      default:
        return no('WLPT_Err0001', '交易码不存在');
    }
  }

  return async (ctx: Koa.Context, body: Buffer): Promise<void> => {
    const parsed = request.safeParse(parser.parse(iconv.decode(body, 'gb18030')));
    const own = parsed.success
      ? world.merchants().find((row) => row.merchantId === parsed.data.TX.CUST_ID)
      : undefined;
    if (!parsed.success || own === undefined) {
      answer(ctx, { status: 400, headers: { 'Content-Type': 'text/plain' }, body: 'no such customer' });
      return;
    }
    const { REQUEST_SN, USER_ID, PASSWORD, TX_CODE, TX_INFO } = parsed.data.TX;
    const reply = ({ code, message, information = '' }: Answered): Reply => ({
      status: 200,
      headers: { 'Content-Type': 'text/xml; charset=GB18030' },
      body: iconv.encode(
        `<?xml version="1.0" encoding="GB18030"?><TX>${tag('REQUEST_SN', REQUEST_SN)}${tag('CUST_ID', own.merchantId)}${tag('TX_CODE', TX_CODE)}${tag('RETURN_CODE', code)}${tag('RETURN_MSG', message)}${tag('LANGUAGE', 'CN')}${tag('TX_INFO', information)}</TX>`,
        'gb18030',
      ),
    });
    await exchange(ctx, world.faults, {
      channel: 'ccb',
      operation: OPERATIONS[TX_CODE] ?? 'query',
      orderNo: TX_INFO.ORDER || null,
      run() {
        const isTheirs = USER_ID === own.ebsUser && PASSWORD === own.ebsPassword;
        const isNew = /^\d{16}$/.test(REQUEST_SN) && !taken.has(REQUEST_SN);
        taken.add(REQUEST_SN);
        const result = !isTheirs
          ? no('WLPT_Err0002', '操作员或密码错误')
          : isNew
            ? run(own, TX_CODE, TX_INFO, REQUEST_SN)
            : no('WLPT_Err0003', '请求序列号重复');
        return () => reply(result);
      },
      refuse: (fault) => reply(no(fault.code ?? 'WLPT_Err9999', fault.message ?? '系统异常')),
    });
  };
}
