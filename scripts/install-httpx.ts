/**
 * Part of `npm run check:full`: Debian's `python3-httpx`, with which the sidecar is tested. Installed where this process may; elsewhere
 * the test is left out.
 */
import { execFileSync } from 'node:child_process'

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

if (!works('/usr/bin/python3', '-c', 'import httpx')) {
  const mayInstall = process.getuid?.() === 0 && works('apt-get', '--version')
  const isInstalled =
    mayInstall &&
    (works('apt-get', 'install', '-y', '--no-install-recommends', 'python3-httpx') ||
      (works('apt-get', 'update') && works('apt-get', 'install', '-y', '--no-install-recommends', 'python3-httpx')))
  if (!isInstalled) console.log('python3-httpx is not installed: the test of the sidecar with httpx is left out')
}
