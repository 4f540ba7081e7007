import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { giveRefund, scanCode } from '../bank';
import { chinaCompact, chinaTime } from '../clock';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Operation } from '../faults';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment, Refund } from '../ledger';
import type { MicropayOutcome } from '../outcomes';
import { yuan } from '../yuan';
import { settlementFile } from './bill';
import type { InsuranceCredentials } from './credentials';
import { type Business, sealedBy, unsealed } from './envelope';
import { keptWith, type Shares } from './shares';

const PATH = '/org/local/api/hos/';
const RETRIES = [60_000, 120_000, 300_000];

const amount = z
  .string()
  .regex(/^\d{1,9}\.\d{2}$/)
  .transform((written) => Number(written.replace('.', '')));
const text = z.string().min(1);
const proof = { ecToken: text.optional(), payAuthNo: text.optional() };
const isProven = ({ ecToken, payAuthNo }: { ecToken?: string | undefined; payAuthNo?: string | undefined }) =>
  (ecToken === undefined) !== (payAuthNo === undefined);

const uploadBody = z
  .object({
    ...proof,
    orgCodg: text,
    medOrgOrd: text,
    mdtrtId: text,
    psnNo: text,
    idNo: text,
    userName: text,
    idType: text,
    medfeeSumamt: amount,
    fulamtOwnpayAmt: amount,
    preselfpayAmt: amount,
    inscpScpAmt: amount,
    acctUsedFlag: z.enum(['0', '1']),
    feedetailList: z.array(z.object({ feedetlSn: text, detItemFeeSumamt: amount })).min(1),
  })
  .refine(isProven);
const payBody = z
  .object({ ...proof, payOrdId: text, payToken: text, orgCodg: text, orgBizSer: text, mdtrtId: text })
  .refine(isProven);
const namedBody = z.object({
  payOrdId: text,
  payToken: text,
  orgCodg: text,
  idNo: text,
  userName: text,
  idType: text,
});
const refundBody = z
  .object({
    ...proof,
    payOrdId: text,
    appRefdSn: text,
    appRefdTime: z.string().regex(/^\d{14}$/),
    totlRefdAmt: amount,
    cashRefdAmt: amount,
    psnAcctRefdAmt: amount,
    fundRefdAmt: amount,
    refdType: z.enum(['ALL', 'CASH', 'HI']),
  })
  .refine(isProven);
const registration = z.object({ url: z.url(), orgCodg: z.string().optional() });

/** An uploaded fee: it becomes a payment when it is settled. */
interface Upload {
  own: InsuranceCredentials;
  payOrdId: string;
  payToken: string;
  medOrgOrd: string;
  idNo: string;
  proof: string;
  shares: Shares;
  revoked: boolean;
}

interface Answered {
  code: string;
  message: string;
  data: Business;
}

const ok = (data: Business): Answered => ({ code: '0', message: '成功', data });
/** Chosen: the centre's own codes are not published. */
const no = (message: string, code = '-1'): Answered => ({ code, message, data: {} });

/** What HIS would say of a fee, and who bears it. */
export interface FeeWish {
  insuredFen: number;
  cashFen?: number;
  /** Of the settlement; absent: decided by the amount, as with any payment code. */
  fate?: MicropayOutcome;
  patientName?: string;
}

export interface InsuranceGateway extends Gateway {
  /** A fee as HIS sends it: of the part that insurance bears the fund takes seven tenths, the account the rest. */
  fee(wish: FeeWish): { totalFen: number; details: Business };
  isRevoked(payOrdId: string): boolean;
}

const feeWish = z.object({
  insuredFen: z.number().int().positive(),
  cashFen: z.number().int().nonnegative().optional(),
  patientName: z.string().optional(),
});

export function createInsuranceGateway(world: GatewayWorld<InsuranceCredentials>): InsuranceGateway {
  const { ledger, life } = world;
  const uploads = new Map<string, Upload>();
  const registered = new Map<string, string>();

  function upload(own: InsuranceCredentials, business: Business): Answered {
    const parsed = uploadBody.safeParse(business);
    if (!parsed.success || parsed.data.orgCodg !== own.orgCodg) return no('入参错误');
    const body = parsed.data;
    const items = body.feedetailList.reduce((sum, item) => sum + item.detItemFeeSumamt, 0);
    const total = body.medfeeSumamt;
    if (items !== total) return no('费用明细合计与总额不一致');
    if (body.fulamtOwnpayAmt + body.preselfpayAmt + body.inscpScpAmt !== total) return no('费用分类合计有误');
    const known = [...uploads.values()].find(
      (row) => row.medOrgOrd === body.medOrgOrd && row.own.appId === own.appId && !row.revoked,
    );
    if (known) return ok(told(known, stateOf(known)));
    const fund = Math.floor((body.inscpScpAmt * 7) / 10);
    const account = body.acctUsedFlag === '1' ? body.inscpScpAmt - fund : 0;
    const row: Upload = {
      own,
      payOrdId: `ORD${chinaCompact(world.clock.now())}${randomBytes(6).toString('hex')}`,
      payToken: randomBytes(24).toString('hex'),
      medOrgOrd: body.medOrgOrd,
      idNo: body.idNo,
      proof: body.payAuthNo ?? body.ecToken ?? '',
      shares: { total, fund, account, own: total - fund - account },
      revoked: false,
    };
    uploads.set(row.payOrdId, row);
    return ok(told(row, '1'));
  }

  const paymentOf = (own: InsuranceCredentials, payOrdId: string): Payment | null => {
    const payment = ledger.paymentByTradeNo('insurance', payOrdId);
    return payment === null || payment.merchant !== own.orgCodg ? null : life.refresh(payment);
  };

  /** Chosen from the one published list of families. */
  function stateOf(row: Upload): string {
    const payment = paymentOf(row.own, row.payOrdId);
    if (payment === null) return row.revoked ? '7' : '1';
    switch (payment.state) {
      case 'waiting':
      case 'paying':
        return '2';
      case 'paid':
        return payment.refundedFen === 0 ? '6' : '11';
      case 'closed':
      case 'reversed':
        return '7';
      case 'failed':
        return '15';
      default:
        return payment.state satisfies never;
    }
  }

  function told(row: Upload, ordStas: string): Business {
    const { shares } = row;
    return {
      payOrdId: row.payOrdId,
      payToken: row.payToken,
      ordStas,
      feeSumamt: yuan(shares.total),
      ownPayAmt: yuan(shares.own),
      psnAcctPay: yuan(shares.account),
      fundPay: yuan(shares.fund),
      deposit: yuan(0),
    };
  }

  const settledAt = (row: Upload): Business => {
    const payment = paymentOf(row.own, row.payOrdId);
    return payment?.paidAt
      ? {
          hiChrgTime: chinaCompact(payment.paidAt),
          hiDocSn: `DOC${row.payOrdId.slice(-12)}`,
          hiRgstSn: `RGS${row.payOrdId.slice(-12)}`,
          setlType: 'HI',
        }
      : {};
  };

  /** After a restart only what was settled is known. */
  function find(own: InsuranceCredentials, payOrdId: string): Upload | null {
    const row = uploads.get(payOrdId);
    if (row !== undefined) return row.own.appId === own.appId ? row : null;
    const payment = paymentOf(own, payOrdId);
    const kept = keptWith(payment);
    if (payment === null || kept === null) return null;
    return {
      own,
      payOrdId,
      ...kept,
      medOrgOrd: payment.outTradeNo,
      proof: payment.authCode ?? '',
      revoked: false,
    };
  }

  function pay(own: InsuranceCredentials, business: Business): Answered {
    const body = payBody.safeParse(business);
    const row = body.success ? find(own, body.data.payOrdId) : null;
    if (!body.success || row === null || row.payToken !== body.data.payToken) return no('订单不存在');
    if (row.revoked) return no('订单已撤销');
    if (body.data.orgBizSer !== row.medOrgOrd || (body.data.payAuthNo ?? body.data.ecToken) !== row.proof) {
      return no('入参与费用上传不一致');
    }
    const answered = () => ok({ ...told(row, stateOf(row)), ...settledAt(row) });
    if (paymentOf(own, row.payOrdId) !== null) return answered();
    const payment = ledger.newPayment({
      gateway: 'insurance',
      merchant: own.orgCodg,
      appId: own.appId,
      outTradeNo: row.medOrgOrd,
      tradeNo: row.payOrdId,
      scene: 'native',
      amountFen: row.shares.fund + row.shares.account,
      subject: '医保结算',
    });
    payment.attach = JSON.stringify({ shares: row.shares, payToken: row.payToken, idNo: row.idNo });
    payment.notifyUrl = registered.get(own.orgCodg) ?? null;
    const fate = scanCode(world, payment, row.proof);
    switch (fate) {
      case 'pays':
      case 'paying_then_pays':
      case 'paying_for_ever':
      case 'insufficient_funds':
        return answered();
      case 'auth_code_invalid':
        return no('授权码无效');
      case 'system_error_paid':
      case 'system_error_unpaid':
        return no('系统异常', '-2');
      default:
        return fate satisfies never;
    }
  }

  function named(own: InsuranceCredentials, business: Business): Upload | null {
    const body = namedBody.safeParse(business);
    if (!body.success) return null;
    const row = find(own, body.data.payOrdId);
    return row !== null && row.payToken === body.data.payToken && row.idNo === body.data.idNo ? row : null;
  }

  function query(own: InsuranceCredentials, business: Business): Answered {
    const row = named(own, business);
    if (row === null) return no('订单不存在');
    const payment = paymentOf(own, row.payOrdId);
    if (payment !== null) life.queried(payment);
    return ok({
      ...told(row, stateOf(row)),
      ...settledAt(row),
      callType: '01',
      medOrgOrd: row.medOrgOrd,
      traceTime: chinaTime(lastMoved(payment)),
    });
  }

  const lastMoved = (payment: Payment | null): number =>
    payment === null
      ? world.clock.now()
      : Math.max(payment.createdAt, ...ledger.refundsOf(payment).map((refund) => refund.createdAt));

  function revoke(own: InsuranceCredentials, business: Business): Answered {
    const row = named(own, business);
    if (row === null) return no('订单不存在');
    const payment = paymentOf(own, row.payOrdId);
    const race = world.faults.take(['pay_after_close'], {
      channel: 'insurance',
      operation: 'close',
      orderNo: row.medOrgOrd,
    });
    if (race !== null && payment !== null) void life.pay(payment);
    if (payment?.state === 'paid') return no('订单已结算，不能撤销');
    row.revoked = true;
    if (payment !== null && (payment.state === 'waiting' || payment.state === 'paying')) {
      payment.state = 'closed';
      payment.endedAt = world.clock.now();
      ledger.savePayment(payment);
    }
    return ok({ payOrdId: row.payOrdId, ordStas: stateOf(row) });
  }

  function refund(own: InsuranceCredentials, business: Business): Answered {
    const parsed = refundBody.safeParse(business);
    const row = parsed.success ? find(own, parsed.data.payOrdId) : null;
    const payment = row === null ? null : paymentOf(own, row.payOrdId);
    if (!parsed.success || row === null || payment === null) return no('订单不存在');
    const body = parsed.data;
    const isWhole =
      body.refdType === 'HI' &&
      body.cashRefdAmt === 0 &&
      body.psnAcctRefdAmt === row.shares.account &&
      body.fundRefdAmt === row.shares.fund &&
      body.totlRefdAmt === row.shares.account + row.shares.fund;
    if (!isWhole || (body.payAuthNo ?? body.ecToken) !== row.proof) return no('退款金额有误');
    const booked = giveRefund(world, payment, {
      refundNo: body.appRefdSn,
      amountFen: body.totlRefdAmt,
      note: null,
      notifyUrl: null,
    });
    if (typeof booked === 'string') return no(`退款被拒绝：${booked}`);
    booked.settlesAt = world.clock.now();
    return ok({ payOrdId: row.payOrdId, refStatus: refundStates[life.settle(booked).state] });
  }

  const verbs: Record<string, { operation: Operation; run: typeof upload }> = {
    uldFeeInfo: { operation: 'quote', run: upload },
    pay_order: { operation: 'create', run: pay },
    query_order_info: { operation: 'query', run: query },
    revoke_order: { operation: 'close', run: revoke },
    refund_Order: { operation: 'refund', run: refund },
  };

  const reply = (own: InsuranceCredentials, { code, message, data }: Answered, corrupt: boolean): Reply => ({
    status: 200,
    headers: { 'Content-Type': 'application/json; charset=UTF-8' },
    body: sealedBy(
      own,
      { code: Number(code), message, success: code === '0' },
      data,
      world.clock.wall(),
      corrupt,
    ),
  });

  const gateway: InsuranceGateway = {
    fee({ insuredFen, cashFen = 0, fate, patientName = '王建国' }) {
      const total = yuan(insuredFen + cashFen);
      return {
        totalFen: insuredFen + cashFen,
        details: {
          payAuthNo: world.outcomes.issueCode('insurance', fate),
          mdtrtId: `MZ${randomBytes(6).toString('hex')}`,
          psnNo: '44030000000000000000001234',
          insutype: '310',
          idNo: '44030019000101123X',
          userName: patientName,
          idType: '01',
          insuCode: '440300',
          medType: '11',
          feeType: '01',
          chrgBchno: randomUUID().slice(0, 18),
          fulamtOwnpayAmt: yuan(cashFen),
          preselfpayAmt: yuan(0),
          inscpScpAmt: yuan(insuredFen),
          acctUsedFlag: '1',
          feedetailList: [
            {
              feedetlSn: '1',
              medListCodg: 'XN05CFD306',
              medinsListCodg: 'YP0001',
              cnt: '1',
              pric: total,
              detItemFeeSumamt: total,
            },
          ],
        },
      };
    },

    isRevoked: (payOrdId) => uploads.get(payOrdId)?.revoked === true,

    levers: {
      'POST /notify-url': (body) => {
        const { url, orgCodg = world.merchants()[0]?.orgCodg ?? '' } = registration.parse(body);
        registered.set(orgCodg, url);
        return { orgCodg, url };
      },
      'POST /fee': (body) => {
        const { insuredFen, cashFen, patientName } = feeWish.parse(body);
        return gateway.fee({
          insuredFen,
          ...(cashFen === undefined ? {} : { cashFen }),
          ...(patientName === undefined ? {} : { patientName }),
        });
      },
    },

    async handle(ctx, path) {
      const envelope = parsed((await readBody(ctx)).toString('utf8'));
      const own = world.merchants().find((row) => row.appId === envelope?.appId);
      const verb = path.startsWith(PATH) ? verbs[path.slice(PATH.length)] : undefined;
      if (own === undefined || verb === undefined || envelope === undefined) {
        answer(ctx, { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'no such service' });
        return;
      }
      const business = unsealed(envelope, own);
      if (business === null) {
        const body = JSON.stringify({ code: -1, message: '验签失败', success: false });
        answer(ctx, { status: 200, headers: { 'Content-Type': 'application/json; charset=UTF-8' }, body });
        return;
      }
      const payOrdId = typeof business.payOrdId === 'string' ? business.payOrdId : '';
      const orderNo =
        typeof business.medOrgOrd === 'string' ? business.medOrgOrd : find(own, payOrdId)?.medOrgOrd;
      await exchange(ctx, world.faults, {
        channel: 'insurance',
        operation: verb.operation,
        orderNo: orderNo ?? null,
        run() {
          const answered = verb.run(own, business);
          return ({ corrupt }) => reply(own, answered, corrupt);
        },
        refuse: (fault) => reply(own, no(fault.message ?? '系统异常', fault.code ?? '-2'), false),
      });
    },

    async notifyPayment(payment) {
      const own = world.merchants().find((row) => row.orgCodg === payment.merchant);
      const row = own && find(own, payment.tradeNo);
      const { notifyUrl: url } = payment;
      if (!row || url === null) return;
      await world.notifier.send({
        channel: 'insurance',
        orderNo: payment.outTradeNo,
        about: 'payment',
        schedule: RETRIES,
        timeoutMs: 5_000,
        acknowledged: (status, body) => status === 200 && /"code":0\b/.test(body),
        render: ({ tamper }) => {
          const { ownPayAmt, ordStas: _, payToken: __, ...rest } = told(row, '6');
          const fundPay = yuan(row.shares.fund + (tamper ? 100 : 0));
          return {
            url,
            headers: { 'Content-Type': 'application/json; charset=UTF-8' },
            body: sealedBy(
              row.own,
              {},
              {
                ...rest,
                ...settledAt(row),
                feeSumamt: yuan(row.shares.total + (tamper ? 100 : 0)),
                fundPay,
                ownpayAmt: ownPayAmt,
                callType: '02',
                medOrgOrd: row.medOrgOrd,
                traceTime: chinaTime(payment.paidAt ?? world.clock.now()),
                orgCode: row.own.orgCodg,
                orgName: '示范医院',
              },
              world.clock.wall(),
            ),
          };
        },
      });
    },

    billFile: (merchant, day) => settlementFile(ledger, merchant, day),
  };
  return gateway;
}

const refundStates: Record<Refund['state'], string> = {
  processing: 'EXP',
  succeeded: 'SUCC',
  closed: 'FAIL',
  abnormal: 'FAIL',
};

function parsed(raw: string): Business | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
