/** Who may know whom. ARCHITECTURE.md says why. */
const room = (name) => `^plugins/${name}/`;
const rule = (name, from, allowed) => ({
  name,
  severity: 'error',
  comment: `${name} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  from: { path: from },
  to: {
    path: '^(plugins|cms|seeds|admin|pay|test|dashboards)/',
    pathNot: [from, '^plugins/errors/', ...allowed],
  },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { pathNot: 'node_modules' } },
    },
    rule('errors', room('errors'), []),
    rule('archive', room('archive'), []),
    rule('jobs', room('jobs'), []),
    rule('payments', room('payments'), [room('jobs')]),
    rule('access', room('access'), []),
    rule('lowcode', room('lowcode'), [room('access')]),
    rule('wallets', room('wallets'), ['^plugins/payments/src/contract/']),
    rule('his', room('his'), [room('payments'), room('jobs'), room('access')]),
    rule('reconciliation', room('reconciliation'), [
      room('archive'),
      room('payments'),
      room('jobs'),
      room('access'),
      room('lowcode'),
    ]),
    rule('patients', room('patients'), [room('payments'), room('jobs'), room('access'), room('his')]),
    rule('monitoring', room('monitoring'), [
      room('archive'),
      room('payments'),
      room('jobs'),
      room('access'),
      '^dashboards/src/macros\\.',
    ]),
    rule('dashboards', '^dashboards/', []),
    {
      name: 'sandbox-is-an-oracle',
      severity: 'error',
      comment: 'an oracle that imports the code it judges is no oracle',
      from: { path: '^plugins/sandbox/' },
      to: { path: '^(plugins|cms|seeds|admin|pay|test|dashboards)/', pathNot: ['^plugins/sandbox/'] },
    },
    {
      name: 'channels-know-the-contract-only',
      severity: 'error',
      from: { path: '^plugins/channels/([^/]+)/' },
      to: {
        path: '^(plugins|cms|seeds|admin|pay|test|dashboards)/',
        pathNot: [
          '^plugins/channels/$1/',
          '^plugins/errors/',
          '^plugins/payments/src/contract/',
          '^plugins/wallets/src/index\\.',
        ],
      },
    },
    {
      name: 'cms-knows-public-entries-only',
      severity: 'error',
      from: { path: '^cms/' },
      to: { path: '^(plugins|seeds|admin|pay|test|dashboards)/', pathNot: ['^plugins/[^/]+/src/index\\.'] },
    },
    {
      name: 'admin-speaks-http',
      severity: 'error',
      from: { path: '^admin/' },
      to: { path: '^(plugins|cms|seeds|test|dashboards)/' },
    },
    {
      name: 'pay-speaks-http',
      severity: 'error',
      from: { path: '^pay/' },
      to: { path: '^(plugins|cms|seeds|admin|test|dashboards)/' },
    },
    {
      name: 'public-entries-only',
      severity: 'error',
      comment: 'a room is entered through its index (or the contract)',
      from: { path: '^plugins/([^/]+)/', pathNot: '^plugins/channels/' },
      to: {
        path: '^plugins/[^/]+/src/',
        pathNot: ['^plugins/$1/', '^plugins/[^/]+/src/index\\.', '^plugins/payments/src/contract/'],
      },
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      from: { path: '^(plugins|cms|seeds|admin|pay|dashboards)/', pathNot: '\\.test\\.tsx?$' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
  ],
  options: {
    // Packages of ours are read as source, so that an edge between rooms is an edge between files we can name.
    tsConfig: { fileName: 'tsconfig.rooms.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
