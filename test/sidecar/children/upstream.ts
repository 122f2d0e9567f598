/** An endpoint in a process of its own, whose streams stop after their first output until it is told to go on. */
import { MockResponsesServer } from '../../../src/testing/server.ts'

const server = await MockResponsesServer.start({ faults: [{ at: 'before_event', event: 5, effect: 'stall' }] })
process.on('disconnect', () => process.exit())
process.on('message', () => server.release())
process.send?.({ url: server.baseURL })
