import net from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { RawRequest } from './http-request.ts'
import { type RawConnection, RawServer } from './raw-server.ts'

export interface ConnectProxy extends AsyncDisposable {
  readonly server: RawServer
  readonly url: string
  /** What was asked of it, in order. */
  readonly asked: readonly RawRequest[]
}

/**
 * An HTTP proxy that understands CONNECT and nothing else.
 *
 * @param answer what it says; `tunnel` opens the tunnel, anything else is written and the connection stays open.
 */
export async function connectProxy(
  answer: 'tunnel' | 'nothing' | string,
  options: { readonly tls?: TlsOptions } = {},
): Promise<ConnectProxy> {
  const asked: RawRequest[] = []
  const tunnels: net.Socket[] = []
  const server = await RawServer.start({
    ...options,
    async onConnection(connection) {
      const request = await connection.request()
      asked.push(request)
      if (answer === 'tunnel') tunnels.push(await tunnel(connection, request.path))
      else if (answer !== 'nothing') connection.write(answer)
    },
  })
  return {
    server,
    url: server.url,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of tunnels) socket.destroy()
      await server.close()
    },
  }
}

async function tunnel({ socket }: RawConnection, authority: string): Promise<net.Socket> {
  const { hostname, port } = new URL(`http://${authority}`)
  const onward = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  onward.on('error', () => socket.destroy())
  await new Promise<void>((resolve) => onward.once('connect', resolve))
  socket.removeAllListeners('data')
  socket.write('HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n')
  socket.pipe(onward).pipe(socket)
  socket.once('end', () => onward.destroy())
  socket.once('close', () => onward.destroy())
  onward.once('close', () => socket.destroy())
  return onward
}
