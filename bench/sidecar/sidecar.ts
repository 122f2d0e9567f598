/** The sidecar, as `serve` starts it. */
import { startSidecar } from '../../src/sidecar/index.ts'

const sidecar = await startSidecar({ upstream: `http://127.0.0.1:${process.argv[2]}/v1`, port: 0, onCall: () => {} })
process.send?.({ port: Number(new URL(sidecar.url).port) })
