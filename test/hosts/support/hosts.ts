import { createRequire } from 'node:module'
import { standIn } from '../../support/typed.ts'
import { agentsHost } from './agents.ts'
import { type AiModules, aiHost } from './ai.ts'
import type { Host } from './host.ts'
import { openaiHost } from './openai.ts'

type OpenAISdk = typeof import('openai')

const require = createRequire(import.meta.url)

/** What is installed under a name, be it an alias. */
function versionOf(name: string): string {
  const path = `${require.resolve(name).split(`/node_modules/${name}/`)[0]}/node_modules/${name}/package.json`
  return (require(path) as { version: string }).version
}

/** Every host in its newest version; with `full`, in the oldest that is supported too. */
export async function loadHosts(full: boolean): Promise<Host[]> {
  const latest = [
    openaiHost(await import('openai'), versionOf('openai'), true),
    aiHost({ ai: await import('ai'), provider: await import('@ai-sdk/openai') }, versionOf('ai'), true),
    agentsHost(await import('@openai/agents'), versionOf('@openai/agents')),
  ]
  if (!full) return latest
  const oldest = [
    // The older packages stand under aliases; what is used of them has the same types.
    openaiHost(standIn<OpenAISdk>(await import('openai-7.5.0')), versionOf('openai-7.5.0'), false),
    aiHost(
      standIn<AiModules>({ ai: await import('ai-7.0.77'), provider: await import('ai-sdk-openai-4.0.46') }),
      versionOf('ai-7.0.77'),
      false,
    ),
  ]
  return [...latest, ...oldest]
}
