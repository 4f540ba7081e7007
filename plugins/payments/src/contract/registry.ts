import type { ChannelManifest } from './channel';

const registries = new WeakMap<object, Map<string, ChannelManifest>>();

/**
 * A channel announces itself to one running application (`host` is its Strapi instance).
 * @throws Error when two channels claim the same code.
 */
export function registerChannel(host: object, manifest: ChannelManifest): void {
  const channels = registries.get(host) ?? new Map<string, ChannelManifest>();
  if (channels.has(manifest.code)) throw new Error(`two channels are called ${manifest.code}`);
  channels.set(manifest.code, manifest);
  registries.set(host, channels);
}

/** The channels of one running application, by code. */
export function registeredChannels(host: object): ReadonlyMap<string, ChannelManifest> {
  return registries.get(host) ?? new Map<string, ChannelManifest>();
}
