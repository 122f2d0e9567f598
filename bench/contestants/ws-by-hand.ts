import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Contestant } from '../contract.ts'

export const SOCKET_HEADERS = { authorization: 'Bearer sk-bench' } as const
export const MESSAGE = JSON.stringify({ type: 'response.create', model: 'bench', input: 'hi' })

/** Warm sockets of `ws`, one response at a time on each, with nothing around them: the minimum. */
export async function create(): Promise<Contestant> {
  const idle = new Map<string, WebSocket[]>()
  return {
    async events(url) {
      const others = idle.get(url) ?? []
      idle.set(url, others)
      const socket = others.pop() ?? (await opened(url))
      const events = await eventsOf(socket)
      others.push(socket)
      return events
    },
  }
}

export async function opened(url: string): Promise<WebSocket> {
  const address = `${url.replace('http', 'ws')}/responses`
  const socket = new WebSocket(address, { headers: SOCKET_HEADERS, perMessageDeflate: false })
  await once(socket, 'open')
  return socket
}

function eventsOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve, reject) => {
    let events = 0
    const onMessage = (data: Buffer): void => {
      const { type } = JSON.parse(data.toString())
      if (type !== undefined) events++
      if (type !== 'response.completed') return
      socket.off('message', onMessage)
      socket.off('close', onClose)
      resolve(events)
    }
    const onClose = (): void => reject(new Error('the server closed the socket'))
    socket.on('message', onMessage).on('close', onClose)
    socket.send(MESSAGE)
  })
}
