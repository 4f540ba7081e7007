import { defineGateway } from '../gateway';
import { type PspChannelConfig, pspBooks } from '../psp/wallet';
import { type ApplepayCredentials, applepayCredentials, generateApplepay } from './credentials';
import { type ApplepayGateway, openApplepay } from './gateway';

export interface ApplepayChannelConfig extends PspChannelConfig {
  currency: 'JPY';
  merchantIdentifier: string;
  displayName: string;
  domain: string;
  appleRootCertificate: string;
  identityCertificate: string;
  identityKey: string;
  processingKey: string;
  sessionUrl: string;
}

export const applepay = defineGateway<ApplepayCredentials, ApplepayChannelConfig, ApplepayGateway>({
  title: 'Apple Pay',
  colour: '#1d1d1f',
  currency: 'JPY',
  credentials: applepayCredentials,
  generate: generateApplepay,
  config: (own, url, choices) => ({
    baseUrl: url,
    merchantId: own.merchantId,
    secret: own.secret,
    capture: 'automatic',
    currency: 'JPY',
    merchantIdentifier: own.merchantIdentifier,
    displayName: own.displayName,
    domain: own.domain,
    appleRootCertificate: own.rootCertificate,
    identityCertificate: own.identityCertificate,
    identityKey: own.identityKey,
    processingKey: own.processingKey,
    sessionUrl: url,
    ...choices,
  }),
  identity: ({ merchantId }) => ({ merchant: merchantId, appId: '' }),
  books: { ...pspBooks, payer: 'Apple Pay' },
  open: openApplepay,
});
