import path from 'node:path'
import { defineConfig } from 'vitest/config'

const isFull = process.env.FULL === '1'

const common = {
  // A full run plays up to 20 times as many seeds in one test.
  testTimeout: isFull ? 300_000 : 30_000,
  // Real sockets and a full core's worth of work per file: more workers than cores only add noise.
  maxWorkers: 2,
  // What takes minutes runs in full only when asked for; otherwise a seeded part of it.
  provide: { full: isFull },
}

/** The examples import the package by its name: that is the source here. */
const BY_NAME = {
  'resilient-responses': 'index.ts',
  'resilient-responses/opentelemetry': 'opentelemetry/index.ts',
  'resilient-responses/sidecar': 'sidecar/index.ts',
  'resilient-responses/fleet': 'fleet/index.ts',
  'resilient-responses/testing': 'testing/index.ts',
  'resilient-responses/testing/server': 'testing/server.ts',
  'resilient-responses/timeline': 'timeline/index.ts',
}

/**
 * Folders whose tests leave nothing in their process: its modules are then loaded once, and not once for each file, which took
 * two thirds of their time. Elsewhere tests replace modules, count what a process holds, or take it apart.
 */
const SHARED = [
  'admission',
  'cache',
  'call',
  'client',
  'core',
  'endpoints',
  'errors',
  'field',
  'hedge',
  'incidents',
  'opentelemetry',
  'picture',
  'responses',
  'retry',
  'sidecar',
  'sse',
  'telemetry',
  'testing',
  'timeline',
  'transport',
  'watchdog',
  'wrapping',
].map((folder) => `test/${folder}/**/*.test.ts`)

/** Files of those folders that need a process. */
const ALONE = [
  'test/client/first-call.test.ts',
  'test/field/modules-loaded-anew-openai-node.test.ts',
  'test/responses/checks-on-demand.test.ts',
  'test/sidecar/{live-page-in-chromium,metrics,waiting}.test.ts',
  'test/timeline/page.test.ts',
  'test/transport/undici/{connection,leaks,pool,stale-connections,undici-transport}.test.ts',
]

/**
 * Files that wait for most of their time, such as until a frozen store is missed. They wait at the same time, after all others:
 * their deadlines are short, and what needs a whole core would delay them.
 */
const WAITING = ['test/fleet/{cluster,faults-*,thaw}.test.ts']

export default defineConfig({
  test: {
    ...common,
    projects: [
      {
        resolve: {
          alias: Object.entries(BY_NAME).map(([name, file]) => ({
            find: new RegExp(`^${name}$`),
            replacement: path.join(import.meta.dirname, 'src', file),
          })),
        },
        test: {
          ...common,
          name: 'source',
          setupFiles: 'test/support/all-loaded.ts',
          include: ['test/**/*.test.ts'],
          exclude: [...SHARED, ...WAITING, 'test/package/built/**', 'test/hosts/**'],
        },
      },
      {
        test: {
          ...common,
          name: 'shared',
          isolate: false,
          setupFiles: 'test/support/all-loaded.ts',
          include: SHARED,
          exclude: ALONE,
        },
      },
      {
        test: { ...common, name: 'alone', setupFiles: 'test/support/all-loaded.ts', include: ALONE },
      },
      {
        test: {
          ...common,
          name: 'waiting',
          setupFiles: 'test/support/all-loaded.ts',
          include: WAITING,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The SDKs that agents use, on our `fetch`.
        test: { ...common, name: 'hosts', include: ['test/hosts/**/*.test.ts'] },
      },
      {
        // Built, packed and installed once, before the first of these tests.
        test: {
          ...common,
          name: 'package',
          // Compilers and bundlers at work: slow on a busy machine.
          testTimeout: 120_000,
          include: ['test/package/built/**/*.test.ts'],
          globalSetup: 'test/package/built/setup.ts',
        },
      },
    ],
  },
})
