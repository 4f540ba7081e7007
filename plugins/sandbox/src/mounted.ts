import type { Sandbox } from './contract';

/** One sandbox for each Strapi instance of the process. */
export const mountedSandboxes = new WeakMap<object, Sandbox>();

export function sandbox(strapi: object): Sandbox {
  const mounted = mountedSandboxes.get(strapi);
  if (mounted === undefined) throw new Error('the sandbox is not mounted on this Strapi');
  return mounted;
}
