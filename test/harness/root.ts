import path from 'node:path';

/** The project's folder, from where this lies and from where it is compiled to. */
export const root = path.resolve(
  __dirname,
  '..',
  '..',
  ...(path.basename(path.dirname(__dirname)) === 'dist' ? ['..'] : []),
);
