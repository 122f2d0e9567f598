/**
 * In a process of a user, undici and the checks of events are loaded by the first call. A test in virtual time would see
 * that call wait for real files. How they are loaded: `test/responses/checks-on-demand.test.ts`, `test/package/built`.
 */
import { loadChecks } from '../../src/responses/schema/load-checks.ts'
import { loadClient } from '../../src/transport/undici/undici-parts.ts'

await Promise.all([loadChecks(), loadClient()])
