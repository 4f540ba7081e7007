import { defineErrors, type ErrorDefinition } from '@hospital-pay/errors';

/** Everything this room may answer, in both languages. */
export const patientErrors = {
  LINK_INPUT: { status: 400, zh: '请求内容不合规范', en: 'The request is not well formed' },
  LINK_ITEMS: {
    status: 400,
    zh: '明细合计与缴费金额不一致',
    en: 'The items do not add up to the amount',
  },
  LINK_CONFLICT: {
    status: 409,
    zh: '相同商户单号的内容不一致',
    en: 'This number was used with another content',
  },
  LINK_UNKNOWN: { status: 404, zh: '缴费单不存在', en: 'No such payment link' },
  LINK_INVALID: {
    status: 404,
    zh: '二维码无效，请核对后重新扫码，或到收费窗口缴费',
    en: 'This code is not valid: scan it again, or pay at the counter',
  },
  LINK_EXPIRED: {
    status: 410,
    zh: '缴费单已过期，请联系医生或收费窗口重新开单',
    en: 'This bill has expired: ask for a new one',
  },
  LINK_CLOSED: { status: 410, zh: '缴费单已作废', en: 'This bill was withdrawn' },
  LINK_PAID: { status: 409, zh: '该单已缴费，请勿重复支付', en: 'This bill is paid already' },
  LINK_BUSY: {
    status: 409,
    zh: '正在处理另一笔支付，请稍候',
    en: 'Another payment of this bill is under way, wait a moment',
  },
  WAY_NOT_OFFERED: {
    status: 422,
    zh: '暂不支持此支付方式，请换一种方式',
    en: 'This way to pay is not offered here, choose another',
  },
  WALLET_CLOSED: {
    status: 502,
    zh: '此钱包暂时无法使用，请换一种支付方式',
    en: 'This wallet does not answer, choose another way',
  },
  PAYER_UNKNOWN: {
    status: 401,
    zh: '未能确认付款人，请重新打开本页',
    en: 'The wallet did not say who pays: open this page again',
  },
  BILL_GONE: {
    status: 409,
    zh: 'HIS中已没有该待缴单据，请重新查询',
    en: 'HIS no longer has this bill: look it up again',
  },
  KIOSK_UNKNOWN: {
    status: 401,
    zh: '本机未登记或口令已失效，请联系工作人员',
    en: 'This machine is not registered, or its token has ended: ask the staff',
  },
  KIOSK_NONE: { status: 404, zh: '没有这台自助机', en: 'No such kiosk' },
  TOO_MANY_TRIES: { status: 429, zh: '操作过于频繁，请稍后再试', en: 'Too many tries, wait a moment' },
} satisfies Record<string, ErrorDefinition>;

export type PatientErrorCode = keyof typeof patientErrors;

export const fail = defineErrors<PatientErrorCode>(patientErrors);
