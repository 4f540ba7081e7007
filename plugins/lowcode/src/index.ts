import type { Core } from '@strapi/strapi';
import { createScreens, type Screens } from './screens';

export type { FieldKind } from './model';
export { type NamedRows, namedRows } from './named';
export type { Screen, ScreenField, Screens } from './screens';
export type { View } from './view';

const instances = new WeakMap<object, Screens>();

export function screens(strapi: Core.Strapi): Screens {
  const instance = instances.get(strapi);
  if (instance === undefined) throw new Error('the lowcode plugin is not registered');
  return instance;
}

export function install(strapi: Core.Strapi): void {
  instances.set(strapi, createScreens(strapi));
}
