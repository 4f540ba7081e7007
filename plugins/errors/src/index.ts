/** A text in the two languages the platform speaks. */
export interface Bilingual {
  zh: string;
  en: string;
}

/** One entry of a room's documented error list. `status` is the HTTP status it is answered with. */
export interface ErrorDefinition extends Bilingual {
  status: number;
}

/**
 * The one error class that crosses a room's edge: a code from a documented list, said in Chinese and English.
 * Strapi's and Koa's error handling read `status`; the platform's error middleware answers
 * `{ data: null, error: { status, name: code, message: zh, details: { code, zh, en, ...details } } }`.
 */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly expose = true;

  constructor(
    readonly code: string,
    readonly status: number,
    readonly text: Bilingual,
    readonly details: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    super(`${code}: ${text.en}`, options);
  }
}

/**
 * Turns a room's error list into a thrower, which docs/errors.md is made from.
 *
 * @example
 * const fail = defineErrors({ ORDER_NOT_FOUND: { status: 404, zh: '订单不存在', en: 'No such order' } });
 * throw fail('ORDER_NOT_FOUND', { orderNo });
 */
export function defineErrors<Code extends string>(list: Record<Code, ErrorDefinition>) {
  const fail = (code: Code, details: Record<string, unknown> = {}, options?: ErrorOptions): PlatformError => {
    const { status, zh, en } = list[code];
    return new PlatformError(code, status, { zh, en }, details, options);
  };
  return Object.assign(fail, { list });
}

/** Structural check, so that an error thrown by another copy of this package is still recognised. */
export function isPlatformError(error: unknown): error is PlatformError {
  return error instanceof Error && error.name === 'PlatformError' && 'code' in error && 'text' in error;
}
