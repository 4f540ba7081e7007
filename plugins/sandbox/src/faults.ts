import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/**
 * What can go wrong on purpose.
 *
 * A fault of a reply happens after the ledger committed (`phase: 'after'`, the default) or instead of the
 * whole call (`phase: 'before'`). `business_error` always replaces the call. Faults of notifications are
 * taken when a notification is about to be sent.
 */
export const replyFaultKinds = [
  'reply_lost',
  'delay',
  'http_5xx',
  'business_error',
  'bad_signature',
  'garbage',
  'reset',
] as const;
export const notifyFaultKinds = [
  'duplicate_notify',
  'delay_notify',
  'reorder_notify',
  'lost_notify',
  'notify_before_reply',
  'tampered_notify_amount',
] as const;
/** The payer pays after close was asked; a refund is accepted and then fails. */
export const lifeFaultKinds = ['pay_after_close', 'refund_then_fails'] as const;

export const faultInput = z.object({
  /** A gateway's name, `his`, or all. */
  channel: z.string().default('*'),
  operation: z
    .enum([
      'pay',
      'create',
      'query',
      'close',
      'reverse',
      'refund',
      'query_refund',
      'quote',
      'bill',
      'bill_file',
      'certificates',
      'confirm',
      'notify',
      '*',
    ])
    .default('*'),
  kind: z.enum([...replyFaultKinds, ...notifyFaultKinds, ...lifeFaultKinds]),
  /** How often it strikes; 0 = until removed. */
  times: z.number().int().nonnegative().default(1),
  /** Only for this merchant order number. */
  orderNo: z.string().optional(),
  phase: z.enum(['before', 'after']).default('after'),
  delayMs: z.number().int().nonnegative().optional(),
  /** duplicate_notify: copies in all. */
  copies: z.number().int().min(2).optional(),
  /** http_5xx: 500, 502, 503 … */
  status: z.number().int().min(500).max(599).optional(),
  /** business_error: the gateway's own code, e.g. `ACQ.SYSTEM_ERROR`, `SYSTEM_ERROR`. */
  code: z.string().optional(),
  message: z.string().optional(),
  /** refund_then_fails: how a WeChat refund ends. */
  outcome: z.enum(['abnormal', 'closed']).optional(),
  /** pay_after_close: the close is answered as done and the money arrives all the same. */
  closeAnswersDone: z.boolean().optional(),
});

export type FaultInput = z.input<typeof faultInput>;
export type Fault = z.output<typeof faultInput> & { id: string; struck: number };
export type FaultKind = Fault['kind'];
export type Operation = Exclude<Fault['operation'], '*'>;

export interface Faults {
  add(fault: FaultInput): Fault;
  list(): Fault[];
  remove(id: string): boolean;
  clear(): void;
  /** The next fault that applies, counted as struck. */
  take(kinds: readonly FaultKind[], at: FaultPoint): Fault | null;
}

export interface FaultPoint {
  channel: string;
  operation: Operation;
  orderNo: string | null;
  phase?: 'before' | 'after';
}

export function createFaults(): Faults {
  let active: Fault[] = [];
  return {
    add(input) {
      const fault: Fault = { ...faultInput.parse(input), id: randomUUID(), struck: 0 };
      active.push(fault);
      return fault;
    },
    list: () => active.map((fault) => ({ ...fault })),
    remove(id) {
      const before = active.length;
      active = active.filter((fault) => fault.id !== id);
      return active.length < before;
    },
    clear() {
      active = [];
    },
    take(kinds, at) {
      const fault = active.find((candidate) => kinds.includes(candidate.kind) && applies(candidate, at));
      if (fault === undefined) return null;
      fault.struck += 1;
      if (fault.times !== 0 && fault.struck >= fault.times)
        active = active.filter((other) => other !== fault);
      return fault;
    },
  };
}

function applies(fault: Fault, at: FaultPoint): boolean {
  return (
    (fault.channel === '*' || fault.channel === at.channel) &&
    (fault.operation === '*' || fault.operation === at.operation) &&
    (fault.orderNo === undefined || fault.orderNo === at.orderNo) &&
    (at.phase === undefined || fault.phase === at.phase)
  );
}
