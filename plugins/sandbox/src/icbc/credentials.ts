import { z } from 'zod';
import { pem, publicPem, rsaKey } from '../keys';

export const icbcCredentials = z.object({
  appId: z.string(),
  merId: z.string(),
  merProtocolNo: z.string(),
  storeCode: z.string(),
  /** The application's pair; ICBC holds the public half. */
  privateKey: z.string(),
  publicKey: z.string(),
  /** The API gateway's pair. */
  gatewayPrivateKey: z.string(),
  gatewayPublicKey: z.string(),
});

export type IcbcCredentials = z.infer<typeof icbcCredentials>;

export interface IcbcChannelConfig {
  appId: string;
  merId: string;
  privateKey: string;
  gatewayPublicKey: string;
  signType: 'RSA2' | 'RSA';
  storeCode: string;
  merProtocolNo: string;
  payMode: '9' | '10' | '13';
  accessType: '7' | '8' | '9';
  shopAppId: string;
  gateway: string;
}

export const icbcConfig = (
  own: IcbcCredentials,
  url: string,
  choices: Partial<IcbcChannelConfig>,
): IcbcChannelConfig => ({
  appId: own.appId,
  merId: own.merId,
  privateKey: own.privateKey,
  gatewayPublicKey: own.gatewayPublicKey,
  signType: 'RSA2',
  storeCode: own.storeCode,
  merProtocolNo: own.merProtocolNo,
  payMode: '9',
  accessType: '9',
  shopAppId: 'wx5edab3bdfba3dc1c',
  gateway: url,
  ...choices,
});

/** Fresh keys for one application and merchant. */
export function generateIcbc(choices: Partial<IcbcCredentials>): IcbcCredentials {
  const [application, gateway] = [rsaKey(), rsaKey()];
  const merId = choices.merId ?? '020001020001';
  return {
    appId: choices.appId ?? '10000000000000001',
    merId,
    merProtocolNo: `${merId}0201`,
    storeCode: choices.storeCode ?? '02000012345',
    privateKey: pem(application, 'pkcs8'),
    publicKey: publicPem(application),
    gatewayPrivateKey: pem(gateway, 'pkcs8'),
    gatewayPublicKey: publicPem(gateway),
  };
}
