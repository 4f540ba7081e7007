export interface RouteGuard {
  action?: string;
  subject?: string;
}

/** One route of this room; the guard lets in whoever may do this to that, or anybody who is signed in. */
export const route = (
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  handler: string,
  config: RouteGuard = {},
) => ({
  method,
  path,
  handler,
  config: { auth: false as const, middlewares: [{ name: 'plugin::access.guard', config }] },
});
