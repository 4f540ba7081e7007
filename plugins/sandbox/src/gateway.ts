import type Koa from 'koa';
import type { z } from 'zod';
import type { GatewayBooks, Payment, Refund } from './ledger';
import type { Life } from './life';
import type { World } from './world';

/**
 * One channel's gateway, simulated: everything the sandbox knows of it. It lives in a folder of its own and is
 * entered in the list `gateways.ts`; ledger, faults, outcomes, notifier and the patient's phone are shared and
 * know no channel.
 */
export interface GatewayKind<
  Credentials extends object = object,
  Config extends object = object,
  Running extends Gateway = Gateway,
> {
  /** What the patient's wallet calls itself, and its colour on the patient page (`#rrggbb`, white text on it). */
  title: string;
  colour: string;
  currency: 'CNY' | 'JPY' | 'TWD' | 'THB';
  /** One merchant's identity and keys, both halves, as they are kept between restarts. */
  credentials: z.ZodType<Credentials>;
  /** Fresh ones for one merchant of a hospital; what `choices` names is taken from there. */
  generate(choices: Partial<Credentials>): Credentials;
  /**
   * The configuration of a channel account of that merchant: the form the platform would fill in.
   * `url`: where this gateway is reached, e.g. `http://127.0.0.1:1337/sandbox/ccb`.
   */
  config(credentials: Credentials, url: string, choices: Partial<Config>): Config;
  /** The merchant number of the ledger, and the application it acts as ('' where there is none). */
  identity(credentials: Credentials): { merchant: string; appId: string };
  /** The code a patient shows at a till; absent when this gateway has none. */
  paymentCode?: { format: RegExp; issue(): string };
  books: GatewayBooks;
  /** Brings the gateway to life in one sandbox. */
  open(world: GatewayWorld<Credentials>): Running;
}

/** What one gateway is given: what all share, and its own merchants (a list that may grow). */
export interface GatewayWorld<Credentials> extends World {
  life: Life;
  merchants(): readonly Credentials[];
}

export interface Gateway {
  /** One request below `/sandbox/<name>`; `path` starts with `/`. Answer through `exchange`, so that faults strike. */
  handle(ctx: Koa.Context, path: string): Promise<void>;
  /** Tells the merchant that a payment was paid: `world.notifier.send`. Absent: this channel tells nothing. */
  notifyPayment?(payment: Payment): Promise<void>;
  /** Tells the merchant that a refund ended. */
  notifyRefund?(refund: Refund): Promise<void>;
  /** The payment behind what the patient holds, where that is not its `payToken`, order number or a link with `?qr=`. */
  find?(reference: string): Payment | null;
  /** The day's bill of a merchant as a person downloads it, where the protocol has no call for it. */
  billFile?(merchant: string, day: string): Buffer;
  /** Extra levers of `/sandbox/control/<name>…`, by method and path: `'POST /probe'`. */
  levers?: Record<string, (body: unknown) => unknown>;
}

/** A gateway is a value. The identity function types it. */
export const defineGateway = <Credentials extends object, Config extends object, Running extends Gateway>(
  kind: GatewayKind<Credentials, Config, Running>,
): GatewayKind<Credentials, Config, Running> => kind;
