/**
 * Spans and metrics of an agent, with the SDK of OpenTelemetry.
 *
 * Each call of the client is a span below the span of its turn, and each attempt is a span below its call.
 */
import { metrics, type Span, trace } from '@opentelemetry/api'
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'
import { openTelemetry } from 'resilient-responses/opentelemetry'

export function createTracedAgent(options: ResilientClientOptions) {
  const telemetry = openTelemetry()
  const client = new ResilientClient({ ...options, instrumentations: [telemetry] })
  telemetry.observe(client)
  const turns = metrics.getMeter('agent').createCounter('agent.turns')

  return {
    client,
    async turn(input: string): Promise<string> {
      return trace.getTracer('agent').startActiveSpan('turn', async (span: Span) => {
        try {
          const response = await client.responses.create({ model: 'gpt-5', input }, { label: 'turn' })
          return response.output_text
        } finally {
          turns.add(1)
          span.end()
        }
      })
    },
  }
}
