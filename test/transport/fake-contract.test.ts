import { type FakeAttempt, FakeTransport, fake } from '../../src/testing/index.ts'
import { type Behaviour, transportContract } from './contract.ts'

const head = fake.head(200, { 'x-test': 'Yes' })
const [one] = fake.bytes('one')

const SCRIPTS: Record<Behaviour, FakeAttempt> = {
  answer: [head, fake.bytes('one'), fake.bytes('two'), fake.bytes('three'), fake.eof()],
  silent: fake.stall(),
  head: [head, fake.stall()],
  part: [head, fake.bytes('one'), fake.stall()],
  late: [head, fake.bytes('one'), fake.delay(20), fake.bytes('two'), fake.bytes('three'), fake.eof()],
  cut: [head, fake.bytes('one'), fake.reset()],
  endless: [head, fake.repeat(one ?? [], { everyMs: 1 })],
}

transportContract('the fake', () => {
  const transport = new FakeTransport(({ url }) => SCRIPTS[new URL(url).pathname.slice(1) as Behaviour])
  return {
    transport,
    origin: 'https://fake.test',
    received: () => transport.requests,
    async close() {
      transport.assertNothingLeft()
    },
  }
})
