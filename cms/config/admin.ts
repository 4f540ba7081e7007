type Env = (key: string, fallback?: string) => string;

/** Strapi's own admin is not served: the hospital's screens are ours, on the same port. */
export default ({ env }: { env: Env }) => ({
  serveAdminPanel: false,
  url: '/strapi-admin',
  auth: { secret: env('ADMIN_JWT_SECRET') },
  // Nothing of Strapi's admin is served, so nothing is sealed with it; without a key it warns at every boot.
  secrets: { encryptionKey: env('API_TOKEN_SALT') },
  apiToken: { salt: env('API_TOKEN_SALT') },
  transfer: { token: { salt: env('TRANSFER_TOKEN_SALT') } },
  flags: { nps: false, promoteEE: false },
});
