import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { serveOptions } from '../../src/cli/serve-options.ts'

const folder = path.resolve(import.meta.dirname, '../../examples/sidecar')
const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8')

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

describe('the files of examples/sidecar', () => {
  it('have options that serve takes', () => {
    const unit = /serve (--upstream \S+)/.exec(read('resilient-responses.service'))?.[1]?.split(' ') ?? []
    expect(serveOptions(unit).options).toEqual({ upstream: 'https://api.openai.com/v1' })
    // npx passes no signal on.
    expect(read('resilient-responses.service')).not.toMatch(/^ExecStart=.*npx/m)
    const docker = read('Dockerfile')
    const command = JSON.parse(/^CMD (.*)$/m.exec(docker)?.[1] ?? '') as string[]
    expect(serveOptions(command).options).toEqual({ upstream: 'https://api.openai.com/v1' })
    const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(docker)?.[1] ?? '') as string[]
    expect(entrypoint.slice(0, 2)).toEqual(['resilient-responses', 'serve'])
    // The names of their environment variables stand in the help of serve.
    for (const text of [docker, read('compose.yaml')]) {
      for (const [, name = ''] of text.matchAll(/RESILIENT_RESPONSES_(\w+)/g)) {
        expect(['HOST', 'ALLOW_HOST']).toContain(name)
      }
    }
  })

  it.skipIf(!hasSystemd)('are a unit that systemd takes', () => {
    const temporary = mkdtempSync(path.join(os.tmpdir(), 'unit-'))
    const file = path.join(temporary, 'resilient-responses.service')
    writeFileSync(file, read('resilient-responses.service'))
    try {
      execFileSync('systemd-analyze', ['verify', '--user', file], {
        stdio: 'pipe',
        env: { PATH: '/usr/bin:/bin', XDG_RUNTIME_DIR: temporary },
      })
    } finally {
      rmSync(temporary, { recursive: true })
    }
  })
})
