/** A bug that clients have really shipped: a small change of the source. Each anchor must occur exactly once. */
export interface Bug {
  readonly name: string
  /** It is hunted in worlds with WebSockets. */
  readonly sockets?: true
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
}

function bug(name: string, file: string, find: string, replace: string, ...more: Bug['edits']): Bug {
  return { name, edits: [{ file, find, replace }, ...more] }
}

/** The same in what only worlds with WebSockets come to. */
function socketBug(...args: Parameters<typeof bug>): Bug {
  return { ...bug(...args), sockets: true }
}

/** What a copy of the project needs to simulate worlds. */
export const COPIED = ['src', 'scripts', 'test/simulation', 'test/support/all-loaded.ts', 'package.json'] as const

export const BUGS: readonly Bug[] = [
  bug(
    'a forgotten poison',
    'src/call/attempt.ts',
    "if (failed.lane === 'connection') this.#exchange.poison(failed.code)",
    '',
  ),
  bug(
    'the client is poisoned after the decision',
    'src/call/attempt.ts',
    "if (failed.lane === 'connection') this.#exchange.poison(failed.code)",
    "if (failed.lane === 'connection') this.#options.clock.setTimer(() => this.#exchange.poison(failed.code), 1)",
  ),
  bug(
    'a back-off leaves its timer armed when it is aborted',
    'src/core/race.ts',
    'clock.clearTimer(timer)\n      unwatch()\n      reject(reason)',
    'unwatch()\n      reject(reason)',
  ),
  bug(
    'the watchdog leaves its timer armed',
    'src/watchdog/watchdog.ts',
    'this.#stopped = true\n    this.#disarm()',
    'this.#stopped = true',
  ),
  bug(
    'an abort is lost in a back-off',
    'src/core/race.ts',
    'clock.clearTimer(timer)\n      unwatch()\n      reject(reason)',
    'void reason',
  ),
  bug(
    'off by one in the sequence check: the last event twice',
    'src/responses/sequence.ts',
    'if (number <= this.#resume.from) return',
    'if (number < this.#resume.from) return',
  ),
  bug(
    'off by one in the gap check: an event lost',
    'src/responses/sequence.ts',
    'number > last + 1',
    'number > last + 2',
  ),
  bug(
    'the commit comes one event late',
    'src/call/event-stream-reader.ts',
    "if (event.class === 'progress') return 'progress'",
    "if (event.class === 'progress' && Reflect.has(this, 'late')) return 'progress'\n    if (event.class === 'progress') Reflect.set(this, 'late', true)",
  ),
  bug(
    'the prelude is flushed twice',
    'src/call/attempt.ts',
    'this.#settleOpened(COMMITTED)',
    'for (const chunk of [...this.output.items]) this.output.put(chunk)\n    this.#settleOpened(COMMITTED)',
  ),
  bug('a consumer that does not read is not waited for', 'src/call/attempt.ts', 'this.#exchange.pause()', ''),
  bug(
    'a late terminal event is ignored',
    'src/sse/sse-reader.ts',
    "if (this.#lingering && event.class !== 'terminal') return",
    'if (this.#lingering) return',
  ),
  bug(
    'a lease is released twice',
    'src/transport/undici/exchange.ts',
    'carrier.lease.release()',
    'carrier.lease.release()\n      carrier.lease.release()',
    { file: 'src/cache/lease.ts', find: 'if (!this.#held) return\n', replace: '' },
  ),
  bug(
    'the idle sweep leaves its timer',
    'src/cache/idle-sweep.ts',
    'if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)',
    '',
  ),
  bug(
    'a listener is left on the signal',
    'src/core/abort.ts',
    "this.#signal?.addEventListener('abort', this, { once: true })",
    "this.#signal?.addEventListener('abort', () => this.handleEvent(), { once: true })",
  ),
  bug(
    'a retry goes over a connection that was used before',
    'src/call/attempt-runner.ts',
    "(isFirst && effective.isRepeatable ? 'any' : 'fresh')",
    "(effective.isRepeatable ? 'any' : 'fresh')",
  ),
  bug(
    'the hint of the endpoint is ignored',
    'src/retry/decide.ts',
    'hintMs > 0 ? hintDelay(hintMs, input.remainingMs, input.random) : backOff(input, next)',
    'backOff(input, next)',
  ),
  bug(
    'the budget is not charged',
    'src/retry/decide.ts',
    'input.budget !== undefined && !input.budget.withdraw()',
    'input.budget === null',
  ),
  bug(
    'what may have been done already is sent again',
    'src/retry/decide.ts',
    "(input.replay === 'unknown' && !policy.retryUnknown)",
    'false',
  ),
  bug(
    'the body is serialised again for each attempt',
    'src/call/attempt-runner.ts',
    'body: effective.body,',
    "body: effective.body.kind === 'bytes' && number > 1 ? { ...effective.body, bytes: Buffer.from(JSON.stringify(JSON.parse(Buffer.from(effective.body.bytes).toString()), null, 1)) } : effective.body,",
  ),
  bug(
    'events that a resume repeats are handed over again',
    'src/responses/event-sequencer.ts',
    "if (verdict === 'duplicate' && !isTerminal) continue",
    "if (verdict === 'duplicate' && each.class === 'heartbeat') continue",
  ),
  bug(
    'the count of resumes is never reset',
    'src/responses/resumption.ts',
    'fruitless = on.intake.lastSequenceNumber === last ? fruitless + 1 : 0',
    'fruitless = fruitless + 1',
  ),
  bug(
    'nobody remembers where a response lives that came whole',
    'src/call/answer-reader.ts',
    'return idsOfBody(json)',
    'return undefined',
  ),
  bug(
    'a response lives where the caller asked, and not where it was made',
    'src/endpoints/endpoints.ts',
    'saw: (id) => endpoints.remember(id, chosen,',
    'saw: (id) => endpoints.remember(id, endpoints.all[0] as Endpoint,',
  ),
  bug(
    'what is kept somewhere is asked for anywhere',
    'src/endpoints/endpoints.ts',
    'const chosen = owner ?? endpoints.choose(model, this.#tried, affinity)',
    'const chosen = (this.#traits.isContinuation ? owner : undefined) ?? endpoints.choose(model, this.#tried, affinity)',
  ),
  bug(
    'a continuation goes anywhere',
    'src/endpoints/endpoints.ts',
    'const chosen = owner ?? endpoints.choose(model, this.#tried, affinity)',
    'const chosen = (this.#traits.isContinuation ? undefined : owner) ?? endpoints.choose(model, this.#tried, affinity)',
  ),
  bug(
    'an endpoint that cools down gets calls',
    'src/endpoints/endpoint-health.ts',
    'return this.readyAt(model) <= this.#clock.now() && this.#probe === undefined',
    'return model !== undefined && this.#probe === undefined',
  ),
  bug(
    'all calls probe an endpoint at once',
    'src/endpoints/endpoint-health.ts',
    'return this.readyAt(model) <= this.#clock.now() && this.#probe === undefined',
    'return this.readyAt(model) <= this.#clock.now()',
  ),
  bug('a retry goes where the last attempt failed', 'src/endpoints/endpoints.ts', 'this.#tried.add(chosen)', ''),
  bug(
    'an endpoint that fails is never given up',
    'src/endpoints/endpoint-health.ts',
    'this.#failures >= FAILURES_IN_A_ROW',
    'this.#failures >= 10 * FAILURES_IN_A_ROW',
  ),
  bug(
    'one failure is enough to give an endpoint up',
    'src/endpoints/endpoint-health.ts',
    'const FAILURES_IN_A_ROW = 3',
    'const FAILURES_IN_A_ROW = 1',
  ),
  bug(
    'an endpoint that is alive again is not forgiven',
    'src/endpoints/endpoint-health.ts',
    'this.#coolings = 0\n    this.#era++',
    'this.#era++',
  ),
  bug(
    'the credential goes along to another endpoint',
    'src/endpoints/endpoints.ts',
    '(!isElsewhere || isPortableHeader(name) || forwardHeaders?.includes(name) === true)',
    'name.length > 0',
  ),
  socketBug(
    'an event of an earlier response is taken for one of the next',
    'src/transport/websocket/turn-recorder.ts',
    'if (isOfOtherLane || this.isForeign({ json })) return false\n    if (id === undefined && !this.#hasBegun && !BEGINS.has(type)) return false',
    '',
  ),
  socketBug(
    'a socket that has a response under way takes another one',
    'src/transport/websocket/socket.ts',
    "return this.#state === 'open' && this.#user === undefined && isAlive",
    "return this.#state === 'open' && isAlive",
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
    'if (failed.upstreamCode?.startsWith(OF_SOCKET)) {',
    'if (failed.upstreamCode === OF_SOCKET) {',
  ),
  socketBug(
    'what may have been done is sent again on another socket',
    'src/call/on-sockets.ts',
    "verdict.isUnprocessed || effective.replaySafety(failed) === 'safe'",
    'effective !== undefined',
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
]
