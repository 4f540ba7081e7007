import type { OpenApiPart } from '@hospital-pay/payments';
import { z } from 'zod';
import { hisRecordInput } from './record';
import { largestBatch } from './records';

const rowResult = {
  type: 'object',
  required: ['hisSerialNo', 'result'],
  properties: {
    hisSerialNo: { type: ['string', 'null'] },
    result: { type: 'string', enum: ['created', 'unchanged', 'updated', 'error'] },
    error: {
      type: 'object',
      properties: {
        code: { type: 'string' },
        zh: { type: 'string' },
        en: { type: 'string' },
        fields: { type: 'array', items: { type: 'string' } },
      },
    },
  },
};

const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** The paths of this room in the OpenAPI document of the open API. */
export const hisOpenApi: OpenApiPart = {
  paths: {
    '/api/v1/his-records': {
      post: {
        tags: ['HIS'],
        operationId: 'putHisRecord',
        summary: '上送一条HIS收退费记录 / Put one HIS record',
        description:
          '按流水号幂等: 内容相同返回 unchanged, 内容不同视为HIS更正。权限 his:write。\n\n' +
          'Idempotent by serial number: the same body answers unchanged, another body is a correction. Scope his:write.',
        requestBody: { required: true, ...json(reference('HisRecord')) },
        responses: {
          200: { description: 'unchanged / updated', ...json(reference('HisRecordResult')) },
          201: { description: 'created', ...json(reference('HisRecordResult')) },
          400: { description: 'HIS_RECORD_INVALID' },
        },
      },
    },
    '/api/v1/his-records/batch': {
      post: {
        tags: ['HIS'],
        operationId: 'putHisRecords',
        summary: '批量上送HIS记录 / Put a batch of HIS records',
        description:
          `1 至 ${largestBatch} 条; 逐条返回结果, 个别记录有误不影响其他记录。\n\n` +
          `1 to ${largestBatch} records; each is answered, and good records land even when others are bad.`,
        requestBody: {
          required: true,
          ...json({
            type: 'object',
            required: ['records'],
            properties: {
              records: { type: 'array', minItems: 1, maxItems: largestBatch, items: reference('HisRecord') },
            },
          }),
        },
        responses: {
          200: {
            description: 'one result a record, in order',
            ...json({
              type: 'object',
              required: ['results', 'counts'],
              properties: {
                results: { type: 'array', items: reference('HisRecordResult') },
                counts: {
                  type: 'object',
                  properties: {
                    created: { type: 'integer' },
                    updated: { type: 'integer' },
                    unchanged: { type: 'integer' },
                    error: { type: 'integer' },
                  },
                },
              },
            }),
          },
          400: { description: 'HIS_BATCH_INVALID' },
        },
      },
    },
  },
  schemas: {
    HisRecord: z.toJSONSchema(hisRecordInput, { io: 'input', unrepresentable: 'any' }),
    HisRecordResult: rowResult,
  },
};
