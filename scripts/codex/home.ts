import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** What of Codex is not as in the other scenarios. */
export interface CodexSetup {
  /**
   * As the provider of OpenAI: only for this name Codex lets the model compact the history, and compresses what it sends. With
   * `chatgpt` it is logged in with ChatGPT, too, and compresses its bodies with zstd.
   */
  readonly as: 'openai' | 'chatgpt'
  /** Lines for the top of `config.toml`. */
  readonly config?: string
}

export interface CodexHome {
  readonly baseURL: string
  readonly webSockets: boolean
  readonly setup?: CodexSetup | undefined
}

/** A home of its own, with a custom provider at `baseURL`. Returns its folder. */
export function makeHome(options: CodexHome): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'codex-home-'))
  writeFileSync(path.join(folder, 'config.toml'), configOf(options))
  if (options.setup?.as === 'chatgpt') writeFileSync(path.join(folder, 'auth.json'), JSON.stringify(login()))
  return folder
}

function configOf({ baseURL, webSockets, setup }: CodexHome): string {
  const key = setup?.as === 'chatgpt' ? 'requires_openai_auth = true' : 'env_key = "KEY_OF_CODEX"'
  return `model = "gpt-5.5"
model_provider = "check"
chatgpt_base_url = "${baseURL.replace(/\/v1$/, '')}/backend-api"
${setup?.config ?? ''}
[model_providers.check]
name = "${setup === undefined ? 'check' : 'OpenAI'}"
base_url = "${baseURL}"
wire_api = "responses"
${key}
supports_websockets = ${webSockets}
`
}

/** Of an account that does not exist. Codex reads the token, and does not check its signature. */
function login(): object {
  const account = 'account-of-the-check'
  const token = [
    { alg: 'RS256', typ: 'JWT' },
    {
      exp: 4_102_444_800,
      email: 'check@example.com',
      'https://api.openai.com/auth': { chatgpt_account_id: account, chatgpt_plan_type: 'pro', chatgpt_user_id: 'user' },
    },
    'signature',
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const jwt = token.join('.')
  return {
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: { id_token: jwt, access_token: jwt, refresh_token: 'refresh', account_id: account },
    last_refresh: new Date().toISOString(),
  }
}
