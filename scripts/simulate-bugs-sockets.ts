import { type Bug, socketBug } from './planted-bug.ts'

/** Bugs of WebSockets, and of WebSockets to endpoints that stand in for each other. */
export const SOCKET_BUGS: readonly Bug[] = [
  socketBug(
    'an event of an earlier response is taken for one of the next',
    'src/transport/websocket/turn-recorder.ts',
    'if (isOfOtherLane || this.isForeign({ json })) return false\n    if (id === undefined && !this.#hasBegun && !BEGINS.has(type)) return false',
    '',
  ),
  socketBug(
    'a socket that has a response under way takes another one',
    'src/transport/websocket/socket.ts',
    'return this.#isUnused && this.#isAlive',
    "return this.#state === 'open' && this.#isAlive",
    {
      file: 'src/transport/websocket/socket-pool.ts',
      find: '!this.#leases.has(socket) && socket.isFree && wanted(socket)',
      replace: 'socket.isFree && wanted(socket)',
    },
  ),
  socketBug(
    'a continuation that only one socket could carry goes anywhere',
    'src/call/socket-route.ts',
    'this.#source.transport.pool.isOnlyCopy(continues)',
    'false',
  ),
  socketBug(
    'a continuation goes to a socket that has brought another response since',
    'src/transport/websocket/socket-pool.ts',
    "if (socket.latestResponseId !== responseId) return 'moved_on'",
    '',
  ),
  socketBug(
    'a response that failed is continued',
    'src/transport/websocket/turn-recorder.ts',
    "if (type === 'response.failed') return { responseId: undefined, turn: undefined }",
    '',
  ),
  socketBug(
    'the age of a socket fails a call',
    'src/call/socket-route.ts',
    'if (isOfSocket(failed)) {',
    'if (failed.upstreamCode === undefined && isOfSocket(failed)) {',
  ),
  socketBug(
    'what may have been done is sent again on another socket',
    'src/call/on-sockets.ts',
    "if (!verdict.isUnprocessed && effective.replaySafety(failed) !== 'safe') return false",
    '',
    { file: 'src/call/socket-route.ts', find: '!effective.isRepeatable)', replace: 'effective === undefined)' },
  ),
  socketBug(
    'an increment builds on items that were changed',
    'src/transport/websocket/prints.ts',
    'if (one.digest !== other.digest) return false',
    '',
  ),
  socketBug(
    'an increment builds on an item with another id',
    'src/transport/websocket/prints.ts',
    'return known === undefined || known[1] === digest',
    'return known === undefined || known !== undefined',
  ),
  socketBug(
    'what an item had when it came first is forgotten when it comes without it',
    'src/transport/websocket/fit.ts',
    'return { ...request, items }',
    'return { ...request, items: items.length > 0 ? request.items : items }',
  ),
  socketBug(
    'an increment is sent although another field differs',
    'src/transport/websocket/fit.ts',
    'if (field !== undefined) return { kind:',
    'if (field === null) return { kind:',
  ),
  socketBug(
    'an increment leaves out an item',
    'src/transport/websocket/fit.ts',
    'inputOf(body.input)?.slice(known)',
    'inputOf(body.input)?.slice(known + 1)',
  ),
  socketBug(
    'the caller sees the id that an increment builds on',
    'src/transport/websocket/exchange.ts',
    'return withoutPreviousId(bytes, kind.json, hiddenPreviousId)',
    'return bytes',
  ),
  socketBug(
    'the caller is told that its conversation is lost, where only an increment was',
    'src/call/socket-route.ts',
    "if (planned.isIncrement && failed.code === 'previous_response_not_found')",
    'if (planned.isIncrement && failed.code === undefined)',
  ),
  socketBug('the lease of a socket never ends', 'src/transport/websocket/exchange.ts', 'this.#lease.ended()', ''),
  socketBug(
    'the endpoint of a response is remembered only where it is stored',
    'src/endpoints/endpoints.ts',
    'this.#owners.set(responseId, endpoint)',
    'if (isStored) this.#owners.set(responseId, endpoint)',
  ),
  socketBug(
    'a response that came on a socket has no owner',
    'src/call/attempt-observer.ts',
    'if (target !== undefined && this.#responseId !== undefined) for',
    "if (target !== undefined && this.#responseId !== undefined && typeof this.#options.request.connection === 'string') for",
  ),
  socketBug(
    'an increment goes to a socket of another endpoint',
    'src/transport/websocket/socket-pool.ts',
    'this.#idle(({ key: { id }, isIdle }) => id === key.id && isIdle).reverse()',
    'this.#idle(({ isIdle }) => isIdle || key.id.length === 0).reverse()',
  ),
  socketBug(
    'a turn goes where the last one went, although that endpoint cools down',
    'src/endpoints/endpoints.ts',
    'const chosen = owner ?? endpoints.choose(model, this.tried, affinity)',
    "const last = this.tried.size === 0 ? (Reflect.get(endpoints, 'last') as Endpoint | undefined) : undefined\n    const chosen = owner ?? last ?? endpoints.choose(model, this.tried, affinity)\n    Reflect.set(endpoints, 'last', chosen)",
  ),
  socketBug(
    'the age of a socket counts against its endpoint',
    'src/call/target-end.ts',
    "if (failed !== undefined && isOfSocket(failed)) return { ...end, report: 'alive' }",
    "if (failed !== undefined && isOfSocket(failed)) return { ...end, report: 'failed' }",
  ),
  socketBug(
    'failures on sockets do not count against their endpoint',
    'src/call/target-end.ts',
    "if (failed?.code === 'upgrade_refused') return { ...end, report: undefined }",
    "if (record?.transport === 'websocket' && failed !== undefined) return { ...end, report: undefined }",
  ),
]
