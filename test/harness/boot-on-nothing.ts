import { startPlatform } from './platform';

/** Boots on the empty database that the argument names, and ends. */
startPlatform({ onNothing: true, env: { ROLE: 'web', ...JSON.parse(process.argv[2] ?? '') } })
  .then((platform) => platform.stop())
  .then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
