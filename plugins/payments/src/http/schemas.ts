import { z } from 'zod';
import { scopes } from '../applications';
import { retries } from '../error-kinds';
import { fail } from '../errors';
import { splitSchema } from '../mixed/claim';
import {
  configurationSchema,
  currencySchema,
  mixedStateSchema,
  payerActionSchema,
  sceneSchema,
} from '../store';

const described = (zh: string, en: string) => ({ description: `${zh} / ${en}` });

export const amountFen = z.int().positive().meta(described('金额，单位为分', 'Amount in minor units (fen)'));
const code = z.string().trim().min(1).max(32);
/** What every channel accepts as a number; ours are sent to channels, these are kept beside them. */
const number = z
  .string()
  .regex(/^[0-9A-Za-z_\-|*.]{1,64}$/)
  .meta(described('商户侧编号，1–64 位字母、数字或 _-|*.', "The merchant's own number"));

export const createOrderBody = z
  .strictObject({
    merchantOrderNo: number.optional(),
    amountFen,
    subject: z.string().trim().min(1).max(256).meta(described('订单标题', 'What is paid for')),
    scene: sceneSchema.meta(
      described(
        '支付方式；micropay 为扫患者付款码',
        'How the payer meets us; micropay: we scan the payment code',
      ),
    ),
    channel: code.optional().meta(described('渠道；不填则按路由', 'Channel; by route unless given')),
    authCode: z
      .string()
      .trim()
      .min(6)
      .max(64)
      .optional()
      .meta(described('付款码（micropay 必填）', 'Payment code, needed for micropay')),
    payerId: z
      .string()
      .max(128)
      .optional()
      .meta(described('付款人在渠道的标识', "The payer's id at the channel")),
    token: z
      .string()
      .min(2)
      .max(16_384)
      .optional()
      .meta(
        described(
          '付款人设备生成的支付令牌（Apple Pay，JSON 文本）',
          "Payment token of the payer's device (Apple Pay, JSON text)",
        ),
      ),
    clientIp: z.union([z.ipv4(), z.ipv6()]).optional(),
    returnUrl: z.url().max(256).optional(),
    terminalCode: code.optional(),
    department: z.string().max(64).optional(),
    businessNo: z
      .string()
      .max(64)
      .optional()
      .meta(
        described(
          '业务单号；同一业务二次付款自动退回',
          'Business number; a second payment of one is refunded',
        ),
      ),
    bizType: z.string().max(32).optional(),
    patientName: z.string().max(64).optional(),
    patientId: z.string().max(64).optional(),
    cardNo: z.string().max(64).optional(),
    operatorCode: z.string().max(32).optional(),
    expiresIn: z
      .int()
      .min(60)
      .max(7200)
      .optional()
      .meta(described('付款时限（秒）', 'Seconds the payer has')),
  })
  .meta({ id: 'CreateOrder' });

export const cashierOrderBody = createOrderBody
  .omit({ payerId: true, token: true, clientIp: true, returnUrl: true, operatorCode: true })
  .extend({ merchantCode: code, merchantOrderNo: number, scene: z.enum(['micropay', 'native', 'terminal']) })
  .meta({ id: 'CashierOrder' });

export const routingBody = createOrderBody
  .pick({ amountFen: true, scene: true, channel: true, authCode: true, terminalCode: true, department: true })
  .extend({
    merchantCode: code,
    merchantOrderNo: number.optional(),
    at: z.iso
      .datetime({ offset: true })
      .transform((at) => new Date(at))
      .optional(),
  });

const cashWay = createOrderBody
  .pick({ scene: true, channel: true, authCode: true, payerId: true, clientIp: true, returnUrl: true })
  .meta(described('自费部分的支付方式', 'How the patient pays the own half'));

export const createMixedBody = createOrderBody
  .pick({
    merchantOrderNo: true,
    subject: true,
    terminalCode: true,
    department: true,
    businessNo: true,
    bizType: true,
    patientName: true,
    patientId: true,
    cardNo: true,
    operatorCode: true,
    expiresIn: true,
  })
  .extend({
    totalFen: amountFen,
    channel: code
      .optional()
      .meta(described('医保渠道；仅有一个时可省', 'Insurance channel, if there are several')),
    details: z
      .record(z.string(), z.unknown())
      .meta(
        described(
          '医保明细，按该渠道的字段（见渠道说明）；加密保存',
          "HIS's details in the channel's own fields; kept encrypted",
        ),
      ),
    claim: z
      .strictObject({
        claimNo: z.string().min(1).max(64),
        token: z.string().max(1024).exactOptional(),
        split: splitSchema,
      })
      .optional()
      .meta(
        described(
          'HIS 已有医保预结算结果：患者一次付清两部分；否则由医保试算',
          'HIS knows the split: the patient pays both halves in one act. Else insurance is asked',
        ),
      ),
    cash: cashWay
      .optional()
      .meta(described('与 claim 同用：自费部分如何支付', 'With `claim`: how the own half is paid')),
  })
  .meta({ id: 'CreateMixedPayment' });

export const confirmMixedBody = z
  .strictObject({ cash: cashWay.optional() })
  .meta({ id: 'ConfirmMixedPayment' });

export const refundMixedBody = z
  .strictObject({ merchantRefundNo: number, reason: z.string().trim().min(1).max(80) })
  .meta({ id: 'RefundMixedPayment' });

export const createRefundBody = z
  .strictObject({
    orderNo: z.string().max(64).optional().meta(described('平台订单号', "The platform's order number")),
    merchantOrderNo: number.optional(),
    merchantRefundNo: number.optional(),
    amountFen,
    reason: z.string().trim().min(1).max(80).meta(described('退款原因', 'Why')),
  })
  .meta({ id: 'CreateRefund' });

export const staffRefundBody = z
  .strictObject({ amountFen, reason: z.string().trim().min(1).max(80), merchantRefundNo: number })
  .meta({ id: 'StaffRefund' });

export const accountBody = z.strictObject({
  code: z.string().regex(/^[0-9A-Za-z_-]{1,32}$/),
  name: z.string().trim().min(1).max(64),
  channel: code,
  merchantCode: code,
  enabled: z.boolean(),
  config: configurationSchema,
});

export const channelSwitchBody = z.strictObject({ enabled: z.boolean() });

export const applicationBody = z.strictObject({
  appId: z.string().regex(/^[0-9A-Za-z_-]{1,40}$/),
  name: z.string().trim().min(1).max(64),
  merchantCode: code,
  scopes: z.array(z.enum(scopes)).min(1),
  ipAllowList: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).exactOptional(),
});

export const waitQuery = z.coerce.number().int().min(0).max(25_000).catch(0);

const moment = z.iso.datetime().nullable();
const errorView = z
  .object({
    code: z.string(),
    zh: z.string(),
    en: z.string(),
    channelCode: z.string().optional(),
    channelMessage: z.string().optional(),
    advice: z.object({ zh: z.string(), en: z.string() }).optional(),
    retry: z.enum(retries).optional(),
  })
  .nullable();

export const orderViewSchema = z
  .object({
    orderNo: z.string(),
    merchantCode: z.string(),
    merchantOrderNo: z.string(),
    status: z
      .enum([
        'created',
        'pending',
        'unknown',
        'paid',
        'partially_refunded',
        'refunded',
        'closed',
        'reversed',
        'failed',
      ])
      .meta(
        described(
          'created/pending/unknown 未定，其余为终态或已支付',
          'created, pending and unknown are undecided',
        ),
      ),
    amountFen: z.int(),
    paidFen: z.int(),
    refundedFen: z.int(),
    currency: currencySchema,
    scene: sceneSchema,
    channel: z.string(),
    tradeType: z.string(),
    subject: z.string(),
    channelTradeNo: z.string().nullable(),
    payerAction: z
      .union([
        z.object({ kind: z.literal('qr'), text: z.string() }),
        z.object({ kind: z.literal('redirect'), url: z.string() }),
        z.object({ kind: z.literal('client'), parameters: z.record(z.string(), z.string()) }),
      ])
      .nullable()
      .meta(
        described(
          '付款人下一步：二维码、网址或客户端参数',
          'What the payer needs: a QR code, an address, parameters',
        ),
      ),
    paidAt: moment,
    expiresAt: moment,
    hisState: z.enum(['none', 'waiting', 'confirmed', 'refused']),
    hisOrderNo: z.string().nullable(),
    receiptNo: z.string().nullable(),
    mixedNo: z.string().nullable(),
    error: errorView,
    createdTime: z.iso.datetime(),
  })
  .meta({ id: 'Order' });

export const mixedViewSchema = z
  .object({
    mixedNo: z.string(),
    merchantCode: z.string(),
    merchantOrderNo: z.string(),
    state: mixedStateSchema.meta(
      described(
        'paid 两部分均已支付；undone、refunded 均已退回；*_stopped 受阻待人工处理',
        'paid: both halves; undone, refunded: both given back; *_stopped: a person must decide',
      ),
    ),
    totalFen: z.int(),
    split: splitSchema
      .nullable()
      .meta(described('基金、个人账户、其他、自费（分）', 'Who bears what, in fen; they add up to totalFen')),
    subject: z.string(),
    insuranceChannel: z.string(),
    claimNo: z.string().nullable(),
    insuranceOrder: orderViewSchema.nullable(),
    cashOrder: orderViewSchema.nullable(),
    payerAction: payerActionSchema.nullable(),
    merchantRefundNo: z.string().nullable(),
    refundReason: z.string().nullable(),
    hisState: z.enum(['none', 'waiting', 'confirmed', 'refused']),
    hisOrderNo: z.string().nullable(),
    receiptNo: z.string().nullable(),
    error: errorView,
    expiresAt: z.iso.datetime(),
    paidAt: moment,
    createdTime: z.iso.datetime(),
  })
  .meta({ id: 'MixedPayment' });

export const refundViewSchema = z
  .object({
    refundNo: z.string(),
    merchantRefundNo: z.string(),
    orderNo: z.string(),
    amountFen: z.int(),
    currency: currencySchema,
    status: z.enum(['requested', 'processing', 'succeeded', 'failed', 'unknown']),
    source: z.enum(['api', 'staff', 'duplicate', 'his_refused', 'mixed']),
    reason: z.string(),
    channelRefundNo: z.string().nullable(),
    refundedAt: moment,
    error: errorView,
    requestedAt: z.iso.datetime(),
  })
  .meta({ id: 'Refund' });

/** Reads a body; what is wrong is said by field, an amount by its own code. */
export function readBody<Schema extends z.ZodType>(schema: Schema, request: object): z.output<Schema> {
  const result = schema.safeParse(Reflect.get(request, 'body'));
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({
    field: issue.path.join('.'),
    message: issue.message,
  }));
  const isAmount = result.error.issues.some((issue) =>
    ['amountFen', 'totalFen'].includes(String(issue.path.at(-1))),
  );
  throw fail(isAmount ? 'AMOUNT_INVALID' : 'INPUT_INVALID', { issues });
}
