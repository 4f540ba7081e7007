import type { z } from 'zod';
import { alipay } from './alipay';
import { applepay } from './applepay';
import { ccb } from './ccb';
import { dbarai } from './dbarai';
import type { GatewayKind } from './gateway';
import { icbc } from './icbc';
import { insurance } from './insurance';
import { linepay } from './linepay';
import { mispos } from './mispos';
import { paypay } from './paypay';
import { rakutenpay } from './rakutenpay';
import { unionpay } from './unionpay';
import { wechat } from './wechat';
import { wechatinsurance } from './wechatinsurance';

/** Every simulated gateway, by the code of its channel, which is also its folder and its path. */
const gateways = {
  alipay,
  applepay,
  wechat,
  wechatinsurance,
  paypay,
  unionpay,
  icbc,
  ccb,
  insurance,
  linepay,
  rakutenpay,
  dbarai,
  mispos,
};

export type GatewayName = keyof typeof gateways;
export type GatewayCredentials = {
  [Name in GatewayName]: z.infer<(typeof gateways)[Name]['credentials']>;
};
/** What a channel account on each gateway is configured with. */
export type ChannelConfigs = { [Name in GatewayName]: ReturnType<(typeof gateways)[Name]['config']> };
export type RunningGateways = { [Name in GatewayName]: ReturnType<(typeof gateways)[Name]['open']> };

/** The list, typed so that a name and what belongs to it stay together. */
export const gatewayKinds: {
  [Name in GatewayName]: GatewayKind<GatewayCredentials[Name], ChannelConfigs[Name], RunningGateways[Name]>;
} = gateways;

export const isGateway = (name: string): name is GatewayName => Object.hasOwn(gateways, name);
export const gatewayNames: readonly GatewayName[] = Object.keys(gateways).filter(isGateway);
