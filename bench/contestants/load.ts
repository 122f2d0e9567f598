import type { Contestant, ContestantName } from '../contract.ts'

/** Loaded separately: importing one must not load another. */
const LOADERS: Readonly<Record<ContestantName, () => Promise<{ create(): Promise<Contestant> }>>> = {
  typed: () => import('./typed.ts'),
  drop_in: () => import('./drop-in.ts'),
  undici_fetch: () => import('./undici-fetch.ts'),
  dispatch: () => import('./dispatch.ts'),
  openai_default: () => import('./openai-default.ts'),
  openai_on_ours: () => import('./openai-on-ours.ts'),
  ai_default: () => import('./ai-default.ts'),
  ai_on_ours: () => import('./ai-on-ours.ts'),
  global_fetch: () => import('./global-fetch.ts'),
  ky: () => import('./ky.ts'),
  got: () => import('./got.ts'),
  axios: () => import('./axios.ts'),
  typed_socket: () => import('./typed-socket.ts'),
  ws_by_hand: () => import('./ws-by-hand.ts'),
}

export async function loadContestant(name: ContestantName): Promise<Contestant> {
  const { create } = await LOADERS[name]()
  return create()
}
