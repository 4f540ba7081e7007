export default () => [
  'strapi::logger',
  'strapi::errors',
  // Inside Strapi's own, which would answer first.
  'global::errors',
  {
    name: 'strapi::security',
    config: {
      contentSecurityPolicy: {
        useDefaults: true,
        directives: {
          'connect-src': ["'self'"],
          'img-src': ["'self'", 'data:', 'blob:'],
          'style-src': ["'self'", "'unsafe-inline'"],
          'script-src': ["'self'"],
          upgradeInsecureRequests: null,
        },
      },
    },
  },
  'strapi::cors',
  'strapi::compression',
  'strapi::query',
  { name: 'strapi::body', config: { includeUnparsed: true, jsonLimit: '16mb', formLimit: '1mb' } },
  'strapi::favicon',
  'strapi::public',
  'global::patients',
  'global::spa',
];
