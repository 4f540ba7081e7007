import type { Clock } from '@hospital-pay/jobs';
import Ajv from 'ajv';
import type { Knex } from 'knex';
import type { CallRecord, ChannelConfig, ChannelManifest, ConfigSchema } from './contract';
import { fail } from './errors';
import { orderNoOfRefund } from './numbers';
import { insertRow, isUniqueViolation, toColumns } from './rows';
import { type AccountRow, findRow } from './store';
import { callLimitMs } from './timing';
import type { AccountInput, Accounts, AccountView, ConnectedAccount, Events, Vault } from './types';

export interface AccountsOptions {
  db: Knex;
  clock: Clock;
  vault: Vault;
  events: Events;
  manifests(): ReadonlyMap<string, ChannelManifest>;
  notifyUrl(accountCode: string): string;
}

const ajv = new Ajv({ strict: false, allErrors: true, formats: { uri: true, pem: true } });

export function createAccounts(options: AccountsOptions): Accounts {
  const { db, clock, vault, events } = options;
  const connected = new Map<string, { version: string; account: ConnectedAccount }>();

  const manifestOf = (channel: string): ChannelManifest => {
    const manifest = options.manifests().get(channel);
    if (!manifest) throw fail('CHANNEL_UNKNOWN', { channel });
    return manifest;
  };

  const rowOf = async (code: string): Promise<AccountRow> => {
    const row = await findRow(db, 'channel_accounts', { code });
    if (!row) throw fail('ACCOUNT_UNKNOWN', { accountCode: code });
    return row;
  };

  const sealedOf = (row: AccountRow | undefined): Record<string, string> => {
    const sealed: unknown = row?.secrets ? JSON.parse(row.secrets) : {};
    if (typeof sealed !== 'object' || sealed === null) return {};
    return Object.fromEntries(Object.entries(sealed).filter(([, value]) => typeof value === 'string'));
  };

  const openAll = (row: AccountRow): Record<string, string> =>
    Object.fromEntries(
      Object.entries(sealedOf(row)).map(([field, sealed]) => [
        field,
        vault.open(sealed, `${row.code}:${field}`),
      ]),
    );

  const record = (channel: ChannelManifest, accountCode: string) => (call: CallRecord) => {
    const orderNo = call.attemptNo ?? (call.refundNo ? orderNoOfRefund(call.refundNo) : null);
    const tradeType = call.scene ? `${channel.logName}_${call.scene}` : channel.logName;
    events.emit('channel.call', {
      ...call,
      channel: channel.code,
      accountCode,
      orderNo,
      tradeType,
      direction: 'out',
    });
  };

  const connectWith = (manifest: ChannelManifest, code: string, config: ChannelConfig) => {
    try {
      return manifest.connect(config, {
        now: () => clock.now(),
        notifyUrl: options.notifyUrl(code),
        timeoutMs: callLimitMs,
        record: record(manifest, code),
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw fail('ACCOUNT_MISCONFIGURED', { accountCode: code, message }, { cause: error });
    }
  };

  const connect = async (code: string): Promise<ConnectedAccount> => {
    const row = await rowOf(code);
    const version = `${row.id} ${row.updatedAt?.getTime()} ${row.enabled}`;
    const cached = connected.get(code);
    if (cached?.version === version) return cached.account;
    const manifest = manifestOf(row.channel);
    const driver = connectWith(manifest, code, { ...row.config, ...openAll(row) });
    const account = {
      code,
      merchantCode: row.merchantCode,
      enabled: row.enabled,
      config: row.config,
      manifest,
      ...(manifest.placeOf?.(row.config) ?? { currency: manifest.currency, zone: manifest.zone }),
      driver,
    };
    connected.set(code, { version, account });
    return account;
  };

  const describe = async (code: string): Promise<AccountView> => {
    const row = await rowOf(code);
    const sealed = sealedOf(row);
    const secrets = fieldsOf(options.manifests().get(row.channel)?.config, (field) => field.secret === true);
    return {
      code: row.code,
      name: row.name,
      channel: row.channel,
      merchantCode: row.merchantCode,
      enabled: row.enabled,
      config: row.config,
      secretsSet: Object.fromEntries(secrets.map((field) => [field, field in sealed])),
    };
  };

  return {
    connect,
    describe,
    driver: async (code) => (await connect(code)).driver,
    async countByChannel(merchantCodes) {
      const rows: { channel: string }[] = await db('channel_accounts')
        .modify((query) => (merchantCodes ? query.whereIn('merchant_code', merchantCodes) : query))
        .select('channel');
      const counts = new Map<string, number>();
      for (const { channel } of rows) counts.set(channel, (counts.get(channel) ?? 0) + 1);
      return counts;
    },
    async save(input) {
      const manifest = manifestOf(input.channel);
      if (!(await findRow(db, 'merchants', { code: input.merchantCode }))) throw fail('MERCHANT_UNKNOWN');
      const existing = await findRow(db, 'channel_accounts', { code: input.code });
      if (existing && existing.channel !== input.channel) {
        throw fail('INPUT_INVALID', { field: 'channel', message: 'an account keeps its channel' });
      }
      const { publicPart, secretPart } = split(manifest.config, input);
      const kept = existing ? openAll(existing) : {};
      const whole = { ...publicPart, ...kept, ...secretPart };
      validate(manifest.config, whole);
      connectWith(manifest, input.code, whole);
      const sealed = {
        ...sealedOf(existing),
        ...Object.fromEntries(
          Object.entries(secretPart).map(([field, value]) => [
            field,
            vault.seal(String(value), `${input.code}:${field}`),
          ]),
        ),
      };
      const now = clock.now();
      const attributes = {
        code: input.code,
        name: input.name,
        channel: input.channel,
        merchantCode: input.merchantCode,
        enabled: input.enabled,
        config: publicPart,
        secrets: JSON.stringify(sealed),
      };
      const update = () =>
        db('channel_accounts')
          .where({ code: input.code })
          .update(toColumns(db, { ...attributes, updatedAt: now }));
      if (existing) await update();
      else {
        try {
          await insertRow(db, 'channel_accounts', attributes, now);
        } catch (error) {
          if (!isUniqueViolation(error)) throw error;
          await update();
        }
      }
      connected.delete(input.code);
      return describe(input.code);
    },
    async test(code) {
      const startedAt = performance.now();
      const { driver, manifest } = await connect(code);
      const result = await driver.test();
      const durationMs = Math.round(performance.now() - startedAt);
      const explanation = result.ok ? undefined : manifest.errors[result.code];
      await db('channel_accounts')
        .where({ code })
        .update(
          toColumns(db, { testedAt: clock.now(), testResult: result.ok ? 'OK' : result.code.slice(0, 200) }),
        );
      if (result.ok) return { ok: true, durationMs };
      return {
        ok: false,
        code: result.code,
        zh: explanation?.zh ?? result.message,
        en: explanation?.en ?? result.message,
        durationMs,
      };
    },
  };
}

function fieldsOf(
  schema: ConfigSchema | undefined,
  wanted: (field: ConfigSchema['properties'][string]) => boolean,
): string[] {
  return Object.entries(schema?.properties ?? {})
    .filter(([, field]) => wanted(field))
    .map(([name]) => name);
}

/** Fields that the channel does not know are left out. */
function split(schema: ConfigSchema, input: AccountInput) {
  const publicPart: Record<string, string | boolean | number> = {};
  const secretPart: Record<string, string | boolean | number> = {};
  for (const [name, field] of Object.entries(schema.properties)) {
    const value = input.config[name] ?? (field.secret ? undefined : field.default);
    if (value === undefined || value === '') continue;
    if (field.secret) secretPart[name] = value;
    else publicPart[name] = value;
  }
  return { publicPart, secretPart };
}

/** A field that the form does not show now (showWhen) is not asked for. */
function validate(schema: ConfigSchema, config: ChannelConfig): void {
  const required = schema.required.filter((name) => {
    const condition = schema.properties[name]?.showWhen;
    return !condition || condition.in.includes(String(config[condition.field]));
  });
  const check = ajv.compile({ ...schema, required });
  if (check(config)) return;
  const issues = (check.errors ?? []).map((error) => `${error.instancePath} ${error.message}`.trim());
  throw fail('ACCOUNT_MISCONFIGURED', { message: issues.join('; ') });
}
