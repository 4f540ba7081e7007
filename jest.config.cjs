/** Unit tests sit beside the code and read TypeScript; tests in `test/` run against the built rooms. */
const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
  ],
};

module.exports = {
  // Each file boots platforms of its own; a worker that has grown is replaced.
  workerIdleMemoryLimit: '2GB',
  // Real databases on a busy machine take their time; a test that hangs is still found.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/test/longest-first.cjs',
  projects: [
    {
      displayName: 'unit',
      testEnvironment: 'node',
      roots: ['<rootDir>/plugins', '<rootDir>/seeds', '<rootDir>/dashboards', '<rootDir>/cms/src'],
      testMatch: ['**/src/**/*.test.ts'],
      transform,
    },
    {
      displayName: 'house',
      testEnvironment: 'node',
      roots: ['<rootDir>/test'],
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/test/browser/'],
      transform,
    },
  ],
};
