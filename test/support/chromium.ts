import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { readEnv } from '../../src/core/env.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The Chromium of the system. `undefined` where there is none. */
export const CHROMIUM = (readEnv('PATH') ?? '')
  .split(path.delimiter)
  .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
  .find((file) => existsSync(file))

/** For the title of a test that is skipped. */
export const NEEDS_CHROMIUM = CHROMIUM === undefined ? ' (skipped: needs Chromium, apt-get install chromium)' : ''

export function launchChromium(): Promise<Browser> {
  // As root, Chromium has no sandbox. The pages of these tests are made by them.
  return chromium.launch({ executablePath: CHROMIUM as string, args: ['--no-sandbox', '--disable-gpu'] })
}
