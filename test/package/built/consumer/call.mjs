/** Makes calls to the address in the first argument, and prints how each attempt ended. Runs on Node, Bun and Deno. */
import { ResilientClient } from 'resilient-responses'

const baseURL = process.argv[2]
const client = new ResilientClient({ baseURL, apiKey: 'any', retry: { baseDelayMs: 1, maxDelayMs: 1 } })
const cut = client.withOptions({ timeouts: { ttfbMs: 400 } })

const stream = cut.responses.stream({ model: 'm', input: 'Hi' })
await stream.finalResponse()
console.log(stream.attempts.map(({ code, outcome }) => code ?? outcome).join(' '))

const init = { method: 'POST', body: JSON.stringify({ model: 'm', input: 'Hi', stream: true }) }
const answer = await client.fetch(`${baseURL}/responses`, init)
console.log(answer.status, (await answer.text()).includes('response.completed'))

const stop = new AbortController()
const aborted = client.responses.stream({ model: 'm', input: 'Hi' }, { signal: stop.signal })
stop.abort(new Error('my reason'))
await aborted.finalResponse().catch((error) => console.log(error.message))
await client.close()
console.log(client.stats().connections)
