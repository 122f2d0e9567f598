import { defineConfig } from 'vitest/config'

/** The judge of `npm run mutate`: the tests of one folder, which `scripts/mutate.ts` names. */
export default defineConfig({
  test: {
    include: (process.env.MUTATE_TESTS ?? 'test/retry')
      .split(',')
      .map((place) => (place.endsWith('.ts') ? place : `${place}/**/*.{test,judge}.ts`)),
    // What the first call of a process loads. Unit tests do without, because it takes as long as they do.
    setupFiles: process.env.MUTATE_LOADS_ALL === 'true' ? ['test/support/all-loaded.ts'] : [],
    testTimeout: 30_000,
    maxWorkers: 1,
    provide: { full: false },
  },
})
