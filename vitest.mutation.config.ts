import { defineConfig } from 'vitest/config'

/** The judge of `npm run mutate`: the tests of one folder, which `scripts/mutate.ts` names. */
export default defineConfig({
  test: {
    include: (process.env.MUTATE_TESTS ?? 'test/retry')
      .split(',')
      .map((place) => (place.endsWith('.ts') ? place : `${place}/**/*.{test,judge}.ts`)),
    testTimeout: 30_000,
    maxWorkers: 1,
    provide: { full: false },
  },
})
