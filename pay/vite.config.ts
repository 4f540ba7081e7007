import { defineConfig } from 'vitest/config';

/** Two small pages: what a patient's phone opens, and what a kiosk shows. Wallets' browsers may be years old. */
export default defineConfig({
  base: '/pay/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2019',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: ['index.html', 'kiosk.html'] },
  },
  test: { include: ['src/**/*.test.ts'] },
});
