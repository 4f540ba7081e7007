import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type ChannelConfigs,
  type GatewayCredentials,
  type GatewayName,
  gatewayKinds,
  gatewayNames,
} from './gateways';

/** One hospital's identities: at every gateway, and of its HIS. */
export type SandboxCredentials = GatewayCredentials & { his: { secret: string } };

/** What is not left to chance: any field of a gateway's credentials, and the secret of the HIS. */
export type CredentialChoices = { [Name in GatewayName]?: Partial<GatewayCredentials[Name]> } & {
  hisSecret?: string;
};

export type ChannelConfigChoices = { [Name in GatewayName]?: Partial<ChannelConfigs[Name]> };

/**
 * Fresh keys and certificates at every gateway. A gateway's are made when they are first looked at: making keys
 * is slow, and most tests need one or two gateways.
 */
export function generateCredentials(choices: CredentialChoices = {}): SandboxCredentials {
  return ofOneMerchant(
    lazily<GatewayCredentials, { his: { secret: string } }>(
      { his: { secret: choices.hisSecret ?? randomHex() } },
      (name) => gatewayKinds[name].generate(choices[name] ?? {}),
    ),
  );
}

/** Who collects together with an insurer is WeChat Pay's merchant, whose cash orders he names. */
function ofOneMerchant(credentials: SandboxCredentials): SandboxCredentials {
  return Object.defineProperty(credentials, 'wechatinsurance', {
    enumerable: true,
    get: () => credentials.wechat,
  });
}

const keptFile = z.looseObject({ his: z.object({ secret: z.string() }).optional() });

/**
 * The demo hospital's credentials: made once, then read from the folder, so that a restart keeps them valid.
 * What a gateway that came later needs is made and added.
 */
export function demoCredentials(folder: string, choices: CredentialChoices = {}): SandboxCredentials {
  const file = join(folder, 'credentials.json');
  const kept = existsSync(file) ? keptFile.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  const fresh = generateCredentials(choices);
  const credentials = ofOneMerchant(
    lazily<GatewayCredentials, { his: { secret: string } }>({ his: kept.his ?? fresh.his }, (name) =>
      kept[name] === undefined ? fresh[name] : gatewayKinds[name].credentials.parse(kept[name]),
    ),
  );
  const complete = JSON.stringify(credentials, null, 2);
  if ([...gatewayNames, 'his'].every((name) => kept[name] !== undefined)) return credentials;
  mkdirSync(folder, { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, complete, { mode: 0o600 });
  renameSync(draft, file);
  return credentials;
}

/** What a channel account needs to be configured with in order to talk to this sandbox, by gateway. */
export function channelConfigs(
  credentials: SandboxCredentials,
  baseUrl: string,
  choices: ChannelConfigChoices = {},
): ChannelConfigs {
  return lazily<ChannelConfigs, object>({}, (name) =>
    gatewayKinds[name].config(credentials[name], `${baseUrl}/${name}`, choices[name] ?? {}),
  );
}

/** An object whose gateways' parts are made when they are first read. */
function lazily<Whole extends { [Name in GatewayName]: object }, Rest extends object>(
  rest: Rest,
  make: <Name extends GatewayName>(name: Name) => Whole[Name],
): Whole & Rest {
  const whole: Whole = Object.create(Object.prototype);
  for (const name of gatewayNames) {
    Object.defineProperty(whole, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = make(name);
        Object.defineProperty(whole, name, { value, enumerable: true, writable: true });
        return value;
      },
    });
  }
  return Object.assign(whole, rest);
}

const randomHex = () => randomBytes(24).toString('hex');
