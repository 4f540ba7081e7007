import type { OpenApiPart } from '@hospital-pay/payments';
import { z } from 'zod';
import { patientErrors } from './errors';
import { newLink, usages } from './link';

const schemaOf = (schema: z.ZodType) => {
  const { $schema: _, id: __, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};
const json = (name: string) => ({
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
});

function operation(id: string, summary: string, scope: string, description: string, body?: string) {
  return {
    tags: ['缴费单 Payment links'],
    operationId: id,
    summary,
    description: `${description}\n\nScope: \`${scope}\``,
    security: [{ AppId: [], Timestamp: [], Nonce: [], Signature: [] }],
    ...(body
      ? { requestBody: { required: true, ...json(body) } }
      : {
          parameters: [
            {
              name: 'merchantOrderNo',
              in: 'path',
              required: true,
              schema: { type: 'string', maxLength: 60 },
            },
          ],
        }),
    responses: {
      '200': { description: '成功 / Done', ...json('PaymentLink') },
      default: {
        description: Object.entries(patientErrors)
          .map(([code, { status, zh, en }]) => `- \`${code}\` ${status} ${zh} / ${en}`)
          .join('\n'),
        ...json('Error'),
      },
    },
  };
}

/** The paths of this room in the OpenAPI document of the open API. */
export const linksOpenApi: OpenApiPart = {
  paths: {
    '/api/v1/payment-links': {
      post: operation(
        'createPaymentLink',
        '创建缴费单 / Create a payment link',
        'orders:write',
        '返回带签名、有时限的缴费地址，可印成二维码；每单只收一次。\n\n' +
          'Answers a signed address that expires, to be printed as a QR code; it is paid once.',
        'CreatePaymentLink',
      ),
    },
    '/api/v1/payment-links/{merchantOrderNo}': {
      get: operation(
        'readPaymentLink',
        '查询缴费单 / Read a payment link',
        'orders:read',
        '未定时会向渠道查询。 / Asks the channel while it is undecided.',
      ),
    },
    '/api/v1/payment-links/{merchantOrderNo}/qr.png': {
      get: {
        ...operation(
          'readPaymentLinkCode',
          '缴费二维码图片 / The QR code as a picture',
          'orders:read',
          '480×480 的 PNG，纠错级 M，印在处方单或导诊单上，边长不小于 20 毫米。\n\n' +
            'A PNG of 480×480, to be printed on a prescription or slip at 20 mm or more.',
        ),
        responses: {
          '200': {
            description: 'PNG',
            content: { 'image/png': { schema: { type: 'string', format: 'binary' } } },
          },
          default: { description: '错误 / An error', ...json('Error') },
        },
      },
    },
    '/api/v1/payment-links/{merchantOrderNo}/slip.pdf': {
      get: {
        ...operation(
          'readPaymentLinkSlip',
          '缴费单 PDF / The slip as a PDF',
          'orders:read',
          'A6 一页：二维码、金额、脱敏的就诊人与明细，可直接打印。\n\n' +
            'One A6 page to print: the code, the amount, the patient masked, the items.',
        ),
        responses: {
          '200': {
            description: 'PDF',
            content: { 'application/pdf': { schema: { type: 'string', format: 'binary' } } },
          },
          default: { description: '错误 / An error', ...json('Error') },
        },
      },
    },
    '/api/v1/payment-links/{merchantOrderNo}/close': {
      post: operation(
        'closePaymentLink',
        '作废缴费单 / Withdraw a payment link',
        'orders:write',
        '已支付的缴费单不可作废。 / A paid one cannot be withdrawn.',
      ),
    },
  },
  schemas: {
    CreatePaymentLink: schemaOf(newLink),
    PaymentLink: {
      type: 'object',
      required: ['code', 'url', 'merchantOrderNo', 'state', 'amountFen', 'expiresAt'],
      properties: {
        code: { type: 'string' },
        url: { type: 'string', format: 'uri', description: '印成二维码的地址 / The address to be printed' },
        merchantOrderNo: { type: 'string' },
        businessNo: { type: 'string' },
        state: {
          type: 'string',
          enum: [
            'payable',
            'paying',
            'confirming',
            'paid',
            'partially_refunded',
            'refunded',
            'expired',
            'closed',
          ],
        },
        amountFen: { type: 'integer' },
        subject: { type: 'string' },
        usage: { type: 'string', enum: [...usages] },
        expiresAt: { type: 'string', format: 'date-time' },
        createdTime: { type: 'string', format: 'date-time' },
        order: { oneOf: [{ $ref: '#/components/schemas/Order' }, { type: 'null' }] },
      },
    },
  },
};
