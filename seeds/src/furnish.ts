import { access } from '@hospital-pay/access';
import { type ChannelConfig, payments } from '@hospital-pay/payments';
import { channelConfigs, type Sandbox, type SandboxCredentials } from '@hospital-pay/sandbox';
import type { Core } from '@strapi/strapi';
import {
  accountCodeOf,
  applicationId,
  type Branch,
  branches,
  channels,
  channelTitle,
  demoPassword,
  exampleCode,
  hospitalCode,
  people,
  terminals,
} from './hospital';

type Uid =
  | 'api::merchant.merchant'
  | 'api::terminal.terminal'
  | 'api::route.route'
  | 'api::channel-account.channel-account'
  | 'api::bank-account.bank-account'
  | 'api::bank-settlement.bank-settlement';

/** What is there already may have been changed by people and is left as it is. */
async function createOnce(
  strapi: Core.Strapi,
  uid: Uid,
  where: Record<string, string>,
  rest: Record<string, unknown>,
): Promise<boolean> {
  if ((await strapi.db.query(uid).findOne({ where })) !== null) return false;
  await strapi.db.query(uid).create({ data: { ...where, ...rest, publishedAt: new Date() } });
  return true;
}

export async function createMerchants(
  strapi: Core.Strapi,
  own: readonly Branch[],
  hisUrl: string,
): Promise<void> {
  const rules = {
    zone: 'Asia/Shanghai',
    dayCutoff: '00:00',
    hisRefusal: 'case',
    graceSeconds: 120,
    enabled: true,
  };
  await createOnce(
    strapi,
    'api::merchant.merchant',
    { code: hospitalCode },
    {
      name: '示例市人民医院',
      kind: 'hospital',
      hisUrl,
      ...rules,
      remark: '演示数据：人员、卡号、金额均为虚构',
    },
  );
  for (const { code, name } of own) {
    await createOnce(
      strapi,
      'api::merchant.merchant',
      { code },
      { name, kind: 'branch', parentCode: hospitalCode, hisUrl, ...rules },
    );
  }
}

export async function createTerminals(strapi: Core.Strapi, own: readonly Branch[]): Promise<void> {
  for (const { code, ...rest } of terminals) {
    if (!own.some((branch) => branch.code === rest.merchantCode)) continue;
    await createOnce(strapi, 'api::terminal.terminal', { code }, { ...rest, enabled: true });
  }
}

/** By which word the bank's statement names who pays out. */
const payers = { alipay: '支付宝', wechat: '财付通' };

/** A branch's Alipay and WeChat Pay accounts at the simulated gateways, where they are paid out to, and the routes that lead to them. */
export async function createAccounts(
  strapi: Core.Strapi,
  branch: Branch,
  credentials: SandboxCredentials,
  baseUrl: string,
): Promise<void> {
  const bankAccountCode = `BANK-${branch.code}`;
  await createOnce(
    strapi,
    'api::bank-account.bank-account',
    { code: bankAccountCode },
    { name: `${branch.name}基本户（模拟）`, merchantCode: branch.code, bankName: '模拟银行', enabled: true },
  );
  const configs: Record<string, ChannelConfig> = { ...flat(channelConfigs(credentials, baseUrl)) };
  for (const channel of channels) {
    const code = accountCodeOf(branch.code, channel);
    const known = await strapi.db.query('api::channel-account.channel-account').findOne({ where: { code } });
    if (known === null) {
      await payments(strapi).accounts.save({
        code,
        name: `${branch.name}${channelTitle[channel]}（模拟）`,
        channel,
        merchantCode: branch.code,
        enabled: true,
        config: configs[channel] ?? {},
      });
    }
    await createOnce(
      strapi,
      'api::route.route',
      { merchantCode: branch.code, channel, accountCode: code },
      { name: `${branch.name}${channelTitle[channel]}`, priority: 100, enabled: true },
    );
    await createOnce(
      strapi,
      'api::bank-settlement.bank-settlement',
      { accountCode: code },
      {
        merchantCode: branch.code,
        bankAccountCode,
        expectedBy: 'bill',
        feesDeducted: true,
        settleDays: 1,
        windowDays: 5,
        payer: payers[channel],
        enabled: true,
      },
    );
  }
}

/** Bank cards at the windows: no bill comes and nothing is said of when the acquirer pays out. */
export async function createCardAccount(
  strapi: Core.Strapi,
  { code: merchantCode, name }: Branch,
  credentials: SandboxCredentials,
): Promise<void> {
  const code = accountCodeOf(merchantCode, 'mispos');
  if ((await strapi.db.query('api::channel-account.channel-account').findOne({ where: { code } })) === null) {
    await payments(strapi).accounts.save({
      code,
      name: `${name}银行卡（模拟）`,
      channel: 'mispos',
      merchantCode,
      enabled: true,
      config: { ...credentials.mispos },
    });
  }
  await createOnce(
    strapi,
    'api::route.route',
    { merchantCode, channel: 'mispos', accountCode: code },
    { name: `${name}银行卡`, priority: 100, enabled: true },
  );
}

/** The insurer's half of mixed payments, at the simulated mobile-payment centre. */
export async function createInsuranceAccount(
  strapi: Core.Strapi,
  { code: merchantCode, name }: Branch,
  credentials: SandboxCredentials,
  baseUrl: string,
): Promise<void> {
  const code = accountCodeOf(merchantCode, 'insurance');
  if ((await strapi.db.query('api::channel-account.channel-account').findOne({ where: { code } })) === null) {
    await payments(strapi).accounts.save({
      code,
      name: `${name}医保（模拟）`,
      channel: 'insurance',
      merchantCode,
      enabled: true,
      config: { ...channelConfigs(credentials, baseUrl).insurance },
    });
  }
  await createOnce(
    strapi,
    'api::route.route',
    { merchantCode, channel: 'insurance', accountCode: code },
    { name: `${name}医保`, priority: 100, enabled: true },
  );
}

const flat = (configs: ReturnType<typeof channelConfigs>): Record<string, ChannelConfig> => ({
  alipay: { ...configs.alipay },
  wechat: { ...configs.wechat },
});

/** The application through which a branch's HIS speaks to the platform. */
export async function createApplication(strapi: Core.Strapi, branch: Branch, secret: string): Promise<void> {
  const appId = applicationIdOf(branch);
  if ((await strapi.db.query('api::application.application').findOne({ where: { appId } })) !== null) return;
  await payments(strapi).applications.create({
    appId,
    name: `${branch.name} HIS（模拟）`,
    merchantCode: branch.code,
    scopes: ['orders:read', 'orders:write', 'refunds:read', 'refunds:write', 'his:write'],
    secret,
  });
}

/** The first branch's application carries the plain name. */
export const applicationIdOf = (branch: Branch): string =>
  branch.digit === 1 ? applicationId : `${applicationId}-${branch.letter.toLowerCase()}`;

export async function createPeople(strapi: Core.Strapi): Promise<void> {
  for (const { username, displayName, roles } of people) {
    await access(strapi).createAccount({
      username,
      displayName,
      roles: [...roles],
      password: demoPassword,
      // The cashier sits in the eastern branch.
      merchantCodes: username === 'cashier' ? [branches[0].code] : null,
    });
  }
}

/** The reference hospital takes no payments: its accounts are names in its rows. */
export async function createReference(strapi: Core.Strapi): Promise<void> {
  await createOnce(
    strapi,
    'api::merchant.merchant',
    { code: exampleCode },
    {
      name: '对照示例医院',
      kind: 'hospital',
      zone: 'Asia/Shanghai',
      dayCutoff: '00:00',
      hisRefusal: 'case',
      graceSeconds: 120,
      enabled: false,
      remark: '2018 年的对照数据，供核对报表用',
    },
  );
  for (const channel of channels) {
    await createOnce(
      strapi,
      'api::channel-account.channel-account',
      { code: accountCodeOf(exampleCode, channel) },
      {
        name: `对照示例医院${channelTitle[channel]}`,
        channel,
        merchantCode: exampleCode,
        config: {},
        enabled: false,
      },
    );
  }
}

/** The simulated HIS pushes its records to the platform in each branch's own name. */
export function connectHis(
  sandbox: Sandbox,
  own: readonly Branch[],
  secrets: (branch: Branch) => string,
): void {
  const applications = own.map(
    (branch) => [branch.code, { appId: applicationIdOf(branch), secret: secrets(branch) }] as const,
  );
  const [first] = applications;
  if (!first) return;
  sandbox.his.connect({
    baseUrl: sandbox.baseUrl().replace(/\/sandbox$/, ''),
    ...first[1],
    byMerchant: Object.fromEntries(applications),
  });
}
