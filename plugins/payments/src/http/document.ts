import { z } from 'zod';
import { paymentErrors } from '../errors';
import type { OpenApiPart, Scope } from '../types';
import {
  confirmMixedBody,
  createMixedBody,
  createOrderBody,
  createRefundBody,
  mixedViewSchema,
  orderViewSchema,
  refundMixedBody,
  refundViewSchema,
} from './schemas';

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, id: __, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
};

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string) => ({ content: { 'application/json': { schema: reference(name) } } });

function operation(
  id: string,
  summary: string,
  scope: Scope,
  answers: 'Order' | 'Refund' | 'MixedPayment',
  options: { body?: string; parameter?: string; idempotent?: boolean } = {},
) {
  const parameters = [
    ...(options.parameter
      ? [{ name: options.parameter, in: 'path', required: true, schema: { type: 'string', maxLength: 64 } }]
      : []),
    ...(options.idempotent
      ? [
          {
            name: 'Idempotency-Key',
            in: 'header',
            required: false,
            description:
              '可代替商户编号；同键异文拒绝 / May stand for the merchant number; another body is refused',
            schema: { type: 'string', maxLength: 64 },
          },
        ]
      : []),
  ];
  return {
    operationId: id,
    summary,
    description: `Scope: \`${scope}\``,
    security: [{ AppId: [], Timestamp: [], Nonce: [], Signature: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(options.body ? { requestBody: { required: true, ...json(options.body) } } : {}),
    responses: {
      '200': { description: '成功 / Done', ...json(answers) },
      default: { description: '错误 / An error of the list above', ...json('Error') },
    },
  };
}

const header = (name: string, description: string) => ({ type: 'apiKey', in: 'header', name, description });

const introduction = `
金额一律为整数（分）。/ Amounts are whole minor units (fen).

**签名 / Signing a request** — headers \`X-App-Id\`, \`X-Timestamp\` (ms, ±5 min), \`X-Nonce\` (16–64 characters, once),
\`X-Signature\` = lower-case hex of HMAC-SHA256 with the key SHA-256(secret) (its 32 raw bytes) over

\`\`\`
METHOD \\n path?query \\n timestamp \\n nonce \\n sha256hex(raw body)
\`\`\`

joined by single line feeds, without the spaces; a request without a body signs the hash of nothing.

**结果 / Results** — \`created\`, \`pending\` and \`unknown\` are undecided: ask again. A repeat with the same number and body
answers the first order; another body is a conflict.

**错误码 / Error codes**

| code | HTTP | 中文 | English |
| --- | --- | --- | --- |
${errorRows()}
`;

/** The table rows of the error list, as docs/errors.md shows them too. */
function errorRows(): string {
  return Object.entries(paymentErrors)
    .map(([code, { status, zh, en }]) => `| \`${code}\` | ${status} | ${zh} | ${en} |`)
    .join('\n');
}

/** OpenAPI 3.1, made from the schemas that read the requests. */
export function openApiDocument(parts: OpenApiPart[], serverUrl: string) {
  const order = { parameter: 'merchantOrderNo' };
  return {
    openapi: '3.1.0',
    info: { title: '医院统一支付平台 / Hospital Unified Payments', version: '1', description: introduction },
    servers: [{ url: serverUrl || '/' }],
    paths: Object.assign(
      {
        '/api/v1/orders': {
          post: operation('createOrder', '下单 / Create an order', 'orders:write', 'Order', {
            body: 'CreateOrder',
            idempotent: true,
          }),
        },
        '/api/v1/orders/{merchantOrderNo}': {
          get: operation('readOrder', '查询订单 / Query an order', 'orders:read', 'Order', order),
        },
        '/api/v1/orders/{merchantOrderNo}/close': {
          post: operation('closeOrder', '关闭订单 / Close an order', 'orders:write', 'Order', order),
        },
        '/api/v1/orders/{merchantOrderNo}/reverse': {
          post: operation(
            'reverseOrder',
            '撤销付款码订单 / Reverse a payment by code',
            'orders:write',
            'Order',
            order,
          ),
        },
        '/api/v1/mixed-payments': {
          post: operation(
            'createMixedPayment',
            '医保混合支付：试算 / Mixed payment: what insurance bears',
            'orders:write',
            'MixedPayment',
            { body: 'CreateMixedPayment', idempotent: true },
          ),
        },
        '/api/v1/mixed-payments/{merchantOrderNo}': {
          get: operation('readMixedPayment', '查询混合支付 / Query it', 'orders:read', 'MixedPayment', order),
        },
        '/api/v1/mixed-payments/{merchantOrderNo}/confirm': {
          post: operation(
            'confirmMixedPayment',
            '患者确认：医保结算，再付自费（可再次调用） / The patient agrees: insurance settles, then the own half; may be repeated',
            'orders:write',
            'MixedPayment',
            { ...order, body: 'ConfirmMixedPayment' },
          ),
        },
        '/api/v1/mixed-payments/{merchantOrderNo}/cancel': {
          post: operation(
            'cancelMixedPayment',
            '取消：已付部分退回 / Cancel: what was paid of it goes back',
            'orders:write',
            'MixedPayment',
            order,
          ),
        },
        '/api/v1/mixed-payments/{merchantOrderNo}/refund': {
          post: operation(
            'refundMixedPayment',
            '整笔退款：先医保后自费 / Give all of it back: insurance first, then the cash',
            'refunds:write',
            'MixedPayment',
            { ...order, body: 'RefundMixedPayment' },
          ),
        },
        '/api/v1/refunds': {
          post: operation('createRefund', '退款 / Refund', 'refunds:write', 'Refund', {
            body: 'CreateRefund',
            idempotent: true,
          }),
        },
        '/api/v1/refunds/{merchantRefundNo}': {
          get: operation('readRefund', '查询退款 / Query a refund', 'refunds:read', 'Refund', {
            parameter: 'merchantRefundNo',
          }),
        },
      },
      ...parts.map((part) => part.paths),
    ),
    components: {
      securitySchemes: {
        AppId: header('X-App-Id', '应用号 / Application id'),
        Timestamp: header('X-Timestamp', '毫秒时间戳 / Epoch ms'),
        Nonce: header('X-Nonce', '一次性随机串 / Used once'),
        Signature: header('X-Signature', '签名 / HMAC-SHA256, hex'),
      },
      schemas: Object.assign(
        {
          CreateOrder: schemaOf(createOrderBody, 'input'),
          CreateRefund: schemaOf(createRefundBody, 'input'),
          CreateMixedPayment: schemaOf(createMixedBody, 'input'),
          ConfirmMixedPayment: schemaOf(confirmMixedBody, 'input'),
          RefundMixedPayment: schemaOf(refundMixedBody, 'input'),
          Order: schemaOf(orderViewSchema, 'output'),
          Refund: schemaOf(refundViewSchema, 'output'),
          MixedPayment: schemaOf(mixedViewSchema, 'output'),
          Error: {
            type: 'object',
            properties: {
              data: { type: 'null' },
              error: {
                type: 'object',
                properties: {
                  status: { type: 'integer' },
                  name: { type: 'string', enum: Object.keys(paymentErrors) },
                  message: { type: 'string' },
                  details: { type: 'object', additionalProperties: true },
                },
                required: ['status', 'name', 'message', 'details'],
              },
            },
          },
        },
        ...parts.map((part) => part.schemas ?? {}),
      ),
    },
  };
}
