import type { ClientPlan, ViewPlan } from './schedule.ts'

const STALE_MS = 1_800_000
const BEFORE_COMMIT_MS = 540_000

/** A client's options without those that contradict others, or do nothing beside them: they would be refused. */
export function consistentClient(client: ClientPlan): ClientPlan {
  const { warmMs, hedge, ...plain } = consistentView(client, {}) as ClientPlan
  return {
    ...plain,
    ...(warmMs === undefined || plain.warm === undefined ? {} : { warmMs }),
    ...(hedge === undefined ? {} : { hedge: hedgeBelow(hedge, shortest(plain)) }),
  }
}

/** The same of a view, beside what it inherits. */
export function consistentView<V extends ViewPlan>(view: V, client: ViewPlan): V {
  const { timeouts, commitAfterMs, ...plain } = view
  const stale = timeouts?.staleMs ?? client.timeouts?.staleMs ?? STALE_MS
  const total = timeouts?.totalMs ?? client.timeouts?.totalMs ?? 0
  const before = view.beforeCommitMs ?? client.beforeCommitMs ?? BEFORE_COMMIT_MS
  const fires = ([name, ms]: readonly [string, unknown]): boolean => {
    if (typeof ms !== 'number' || name === 'totalMs' || name === 'staleMs') return true
    const isOfStream = name === 'ttfbMs' || name === 'idleMs' || name === 'progressMs'
    return (total === 0 || ms < total) && (!isOfStream || stale === 0 || ms < stale)
  }
  const kept = Object.fromEntries(Object.entries(timeouts ?? {}).filter(fires))
  const hasTimes = Object.keys(kept).length > 0
  const commits = commitAfterMs !== undefined && (before === 0 || commitAfterMs < before)
  return { ...plain, ...(hasTimes ? { timeouts: kept } : {}), ...(commits ? { commitAfterMs } : {}) } as V
}

function hedgeBelow(hedge: NonNullable<ClientPlan['hedge']>, ms: number): NonNullable<ClientPlan['hedge']> {
  return hedge === true || hedge.minMs < ms ? hedge : { ...hedge, minMs: 0 }
}

/** The shortest limit that would end a silent attempt. */
function shortest({ timeouts = {} }: ViewPlan): number {
  const { ttfbMs, staleMs = STALE_MS, totalMs } = timeouts
  return Math.min(...[ttfbMs, staleMs, totalMs].map((ms) => (typeof ms === 'number' && ms > 0 ? ms : Infinity)))
}
