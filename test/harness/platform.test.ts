import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Platform, startPlatform } from './platform';

describe.each(['sqlite', 'postgres'] as const)('the platform on %s', (database) => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ database });
  }, 60_000);
  afterAll(() => platform.stop());

  test('answers its health check, also after a restart', async () => {
    await platform.restart();
    expect((await fetch(`${platform.url}/_health`)).status).toBe(204);
  });

  test('answers nothing about money to a stranger', async () => {
    const response = await fetch(`${platform.url}/api/orders`);
    expect(response.status).toBe(401);
  });
});
