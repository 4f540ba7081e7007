import { defineErrors, type ErrorDefinition } from '@hospital-pay/errors';

/** Everything this room may answer, in both languages. */
export const hisErrors = {
  HIS_RECORD_INVALID: { status: 400, zh: 'HIS记录不合法', en: 'The HIS record is not valid' },
  HIS_BATCH_INVALID: {
    status: 400,
    zh: '批次必须是 {records: [...]}，1 至 10000 条',
    en: 'A batch is {records: [...]} with 1 to 10,000 records',
  },
  HIS_SERIAL_REPEATED: {
    status: 409,
    zh: '同一批次内流水号重复且内容不同',
    en: 'One batch names the same serial number twice with different contents',
  },
  HIS_NOT_CONFIGURED: { status: 422, zh: '该商户未配置HIS地址', en: 'The merchant has no HIS address' },
  HIS_SILENT: {
    status: 503,
    zh: 'HIS暂无应答，请稍后重试',
    en: 'HIS does not answer, try again in a moment',
  },
  HIS_CARD_UNKNOWN: { status: 404, zh: 'HIS中没有该就诊卡号', en: 'HIS knows no such card number' },
  MERCHANT_UNKNOWN: { status: 404, zh: '商户不存在', en: 'No such merchant' },
} as const satisfies Record<string, ErrorDefinition>;

export type HisErrorCode = keyof typeof hisErrors;

export const fail = defineErrors<HisErrorCode>(hisErrors);
