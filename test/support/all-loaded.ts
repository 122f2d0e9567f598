/**
 * In a process of a user, the first call loads what calls run on, undici, and the checks of events. A test in virtual time would see
 * that call wait for real files. How they are loaded: `test/responses/checks-on-demand.test.ts`, `test/package/built`.
 */
import { lazyPerformFetch } from '../../src/client/lazy-perform-fetch.ts'
import { lazyReading } from '../../src/responses/lazy-reading.ts'
import { loadChecks } from '../../src/responses/schema/load-checks.ts'
import { loadClient } from '../../src/transport/undici/undici-parts.ts'

await Promise.all([lazyReading.load(), lazyPerformFetch.load(), loadChecks(), loadClient()])
