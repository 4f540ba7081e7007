type Env = (key: string, fallback?: string) => string;

/** Strapi's own admin is not served: the hospital's screens are ours, on the same port. */
export default ({ env }: { env: Env }) => ({
  serveAdminPanel: false,
  url: '/strapi-admin',
  auth: { secret: env('ADMIN_JWT_SECRET') },
  apiToken: { salt: env('API_TOKEN_SALT') },
  transfer: { token: { salt: env('TRANSFER_TOKEN_SALT') } },
  flags: { nps: false, promoteEE: false },
});
