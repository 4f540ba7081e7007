import type { Events, PaymentEvents } from './types';

type Listeners = { [Name in keyof PaymentEvents]: Set<(event: PaymentEvents[Name]) => void> };

export function createEvents(failed: (error: unknown) => void): Events {
  const listeners: Listeners = {
    'order.changed': new Set(),
    'refund.changed': new Set(),
    'order.moved': new Set(),
    'refund.moved': new Set(),
    'his.changed': new Set(),
    'channel.call': new Set(),
    alarm: new Set(),
  };
  return {
    on(name, listener) {
      listeners[name].add(listener);
      return () => listeners[name].delete(listener);
    },
    emit(name, event) {
      for (const listener of listeners[name]) {
        try {
          listener(event);
        } catch (error) {
          failed(error);
        }
      }
    },
  };
}
