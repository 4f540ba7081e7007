import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Addresses that belong to the house itself, to the machine or to nobody: a webhook has no business there. */
const inside = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(network, prefix, 'ipv6');

export class BlockedAddress extends Error {
  override readonly name = 'BlockedAddress';
}

export interface Guard {
  /** Resolves a name to addresses that may be called only; given to the socket, so that what was checked is what is called. */
  lookup: LookupFunction;
  /** @throws BlockedAddress for an address written out, which no socket looks up. */
  checkHost(hostname: string): void;
}

/**
 * Which addresses a target may have. `allowed`: names, addresses and networks (10.1.0.0/16) of the house that are meant to be
 * told; `mayStayInside`: everything may be called, as on a developer's machine.
 */
export function createGuard(allowed: readonly string[], mayStayInside: boolean): Guard {
  const names = new Set<string>();
  const networks = new BlockList();
  for (const entry of allowed) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) names.add(entry.toLowerCase());
    else if (prefix === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(prefix), family);
  }
  const isAllowed = (hostname: string, address: string): boolean => {
    if (mayStayInside || names.has(hostname.toLowerCase())) return true;
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
    return networks.check(plain, family) || !inside.check(plain, family);
  };
  const refused = (hostname: string) => new BlockedAddress(`${hostname} is not an address targets may have`);

  return {
    checkHost(hostname) {
      const address = hostname.replace(/^\[|\]$/g, '');
      if (isIP(address) !== 0 && !isAllowed(address, address)) throw refused(hostname);
    },
    lookup(hostname, options, callback) {
      lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, '', 0);
        const [first] = addresses;
        if (!first || !addresses.every(({ address }) => isAllowed(hostname, address)))
          return callback(refused(hostname), '', 0);
        if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    },
  };
}
