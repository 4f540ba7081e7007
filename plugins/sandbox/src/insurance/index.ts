import { randomBytes } from 'node:crypto';
import { CHINA, chinaCompact } from '../clock';
import { defineGateway } from '../gateway';
import {
  generateInsurance,
  type InsuranceChannelConfig,
  type InsuranceCredentials,
  insuranceConfig,
  insuranceCredentials,
} from './credentials';
import { createInsuranceGateway, type InsuranceGateway } from './gateway';

export const insurance = defineGateway<InsuranceCredentials, InsuranceChannelConfig, InsuranceGateway>({
  title: '医保移动支付',
  colour: '#1f5fa8',
  currency: 'CNY',
  credentials: insuranceCredentials,
  generate: generateInsurance,
  config: insuranceConfig,
  identity: ({ orgCodg, appId }) => ({ merchant: orgCodg, appId }),
  // What the patient's app gives: it authorizes one settlement, and has a fate like any payment code.
  paymentCode: {
    format: /^AUTH[0-9A-F]{28}$/,
    issue: () => `AUTH${randomBytes(14).toString('hex').toUpperCase()}`,
  },
  books: {
    zone: CHINA,
    payer: '参保人',
    bank: '医保基金',
    tradeNo: (at, serial) => `ORD${chinaCompact(at)}${serial.slice(-15)}`,
    refundId: (at, serial) => `REF${chinaCompact(at)}${serial.slice(-15)}`,
    refundNumbersPer: 'payment',
    closesWhenRefunded: false,
  },
  open: createInsuranceGateway,
});
