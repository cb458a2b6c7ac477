import { defineConfig } from 'vitest/config';

// The tests in which software of others judges ours: `npm run judges`, which installs that software first.
// Those that judge what is done in an account ask for the emulator.
const tools = process.env['REDRESS_TOOLS']?.split(',') ?? [];
const conditions = ['@redress/source', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['tests/judges/*.test.ts'],
    setupFiles: ['./tests/support/setup.ts'],
    ...(tools.includes('moto') ? { globalSetup: ['./tests/support/moto.ts'] } : {}),
    // Against what never ends. Nothing here is to be fast.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
