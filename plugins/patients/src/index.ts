import type { Links } from './links';

export { patientErrors } from './errors';
export type { NewLink, Usage } from './link';
export type { Links, Standing } from './links';

/** What other rooms and the tests use of this one. */
export interface Patients {
  links: Links;
}

const running = new WeakMap<object, Patients>();

/** Where people pay, in one running application (`host` is its Strapi instance), from its register phase on. */
export function patients(host: object): Patients {
  const instance = running.get(host);
  if (!instance) throw new Error('the patients plugin is not registered');
  return instance;
}

/** @internal called by the plugin's register. */
export function providePatients(host: object, instance: Patients): void {
  running.set(host, instance);
}
