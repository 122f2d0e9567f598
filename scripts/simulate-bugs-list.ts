import { type Bug, bug } from './planted-bug.ts'
import { SOCKET_BUGS } from './simulate-bugs-sockets.ts'

export type { Bug } from './planted-bug.ts'

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
    'const chosen = owner ?? endpoints.choose(model, this.tried, affinity)',
    'const chosen = (this.#traits.isContinuation ? owner : undefined) ?? endpoints.choose(model, this.tried, affinity)',
  ),
  bug(
    'a continuation goes anywhere',
    'src/endpoints/endpoints.ts',
    'const chosen = owner ?? endpoints.choose(model, this.tried, affinity)',
    'const chosen = (this.#traits.isContinuation ? undefined : owner) ?? endpoints.choose(model, this.tried, affinity)',
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
  bug('a retry goes where the last attempt failed', 'src/endpoints/endpoints.ts', 'this.tried.add(chosen)', ''),
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
    'src/endpoints/addresses.ts',
    '(!isElsewhere || isPortableHeader(name) || forwardHeaders?.includes(name) === true)',
    'name.length > 0',
  ),
  ...SOCKET_BUGS,
]
