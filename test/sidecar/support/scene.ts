import { expect } from 'vitest'
import { type Sidecar, type SidecarLogEntry, type SidecarOptions, startSidecar } from '../../../src/sidecar/index.ts'
import { MockResponsesServer, type MockServerOptions } from '../../../src/testing/server.ts'
import { noClientSocketsLeft } from '../../support/proc-net.ts'
import { until, within } from '../../support/until.ts'

export interface SidecarScene {
  readonly upstream: MockResponsesServer
  readonly sidecar: Sidecar
  /** A line for each call. */
  readonly told: SidecarLogEntry[]
}

/** A sidecar before a server of responses, and the check that nothing of either is left. */
export async function withSidecar(
  { server, ...options }: SidecarOptions & { readonly server?: MockServerOptions },
  test: (scene: SidecarScene) => Promise<void>,
): Promise<void> {
  await using upstream = await MockResponsesServer.start(server)
  const told: SidecarLogEntry[] = []
  const onCall = (entry: SidecarLogEntry): void => void told.push(entry)
  const common = { upstream: upstream.baseURL, port: 0, hedge: false, onCall } as const
  const sidecar = await startSidecar({ ...common, ...options })
  try {
    await test({ upstream, sidecar, told })
  } catch (error) {
    void sidecar.close()
    await sidecar.close()
    throw error
  }
  await within(sidecar.close(), 'the sidecar to close')
  const nothing = { calls: 0, clients: 0, sockets: 0, bufferedBytes: 0, connections: 0 }
  expect(sidecar.stats()).toMatchObject(nothing)
  await until(() => upstream.stats.requests.pending === 0, 'the upstream to have no request under way')
  await noClientSocketsLeft(upstream.port)
}
