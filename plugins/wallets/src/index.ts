export * from './bill';
export { endedDriver, endedExplanation } from './ended';
export { type Answer, createExchange, type Reading, readJson } from './exchange';
export { type Covers, coverFreeText, hide, keepEnds, quoteLongNumbers } from './masking';
export { pspBillReader } from './psp/bill';
export { type PspWallet, pspFields, pspRequired, pspShape } from './psp/config';
export { connectPsp, pspBillHour } from './psp/driver';
export { pspErrors, transportErrors } from './psp/errors';
export { pem, readSettings, refuseSetting } from './settings';
