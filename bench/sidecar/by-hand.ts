/** What `node:http` can do with the least code: pipes requests up and answers down. */
import { Agent, request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const upstream = Number(process.argv[2])
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

const server = createServer((request, answer) => {
  const up = ask(
    { host: '127.0.0.1', port: upstream, path: request.url, method: request.method, headers: request.headers, agent },
    (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      answer.flushHeaders()
      response.pipe(answer)
    },
  )
  up.on('error', () => answer.destroy())
  answer.once('close', () => {
    if (!answer.writableFinished) up.destroy()
  })
  request.pipe(up)
})
server.listen(0, '127.0.0.1', 4096, () => process.send?.({ port: (server.address() as AddressInfo).port }))
