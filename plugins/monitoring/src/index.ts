import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { createRecorder } from './recorder';

export { createRecorder, type Recorder, type RecorderOptions } from './recorder';
export { scrub } from './scrub';

/** What the platform remembers of its calls and alarms. */
export interface Monitoring {
  /** Writes what is still in memory: for tests and for the end of the process. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const instances = new WeakMap<object, Monitoring>();

export function monitoring(strapi: Core.Strapi): Monitoring {
  const instance = instances.get(strapi);
  if (instance === undefined) throw new Error('the monitoring plugin is not registered');
  return instance;
}

export function install(strapi: Core.Strapi): void {
  const recorder = createRecorder({
    db: () => strapi.db.connection,
    channels: () => payments(strapi).channels(),
    warn: (text) => strapi.log.warn(`monitoring: ${text}`),
  });
  const detach = recorder.attach(payments(strapi).events);
  instances.set(strapi, {
    flush: () => recorder.flush(),
    async stop() {
      detach();
      await recorder.flush();
    },
  });
}
