/** Why a route was taken or not. They are asked in this order, and the first reason stands. */
export const routeVerdicts = [
  'other_channel',
  'other_scene',
  'other_terminal',
  'other_department',
  'other_amount',
  'other_time',
  'channel_disabled',
  'account_disabled',
  'circuit_open',
  'less_specific',
  'lower_priority',
  /** As good as another, and not the one that this order's number drew. */
  'not_drawn',
  /** As good as others; which of them takes an order follows from the order's number. */
  'sharing',
  'chosen',
] as const;
export type RouteVerdict = (typeof routeVerdicts)[number];
