import { describe, it } from 'vitest'
import { FACES, type Face } from './outcome.ts'
import { SCHEMES, type Scheme, type Setting, Stage } from './stage.ts'

export interface Where extends Omit<Setting, 'scheme' | 'face'> {
  /** Default: all, where the fault can happen there. */
  readonly schemes?: readonly Scheme[]
  readonly faces?: readonly Face[]
}

/**
 * One scenario of a row of the catalog, over HTTP and HTTPS, through every face of the client. Its title begins with the
 * number and the title of the row. Behind each run stands the check that nothing is left.
 */
export function fault(title: string, where: Where, scenario: (stage: Stage) => Promise<void>): void {
  const { schemes = SCHEMES, faces = FACES, ...setting } = where
  const runs = schemes.flatMap((scheme) => faces.map((face) => [scheme, face] as const))
  describe(title, () => {
    it.each(runs)('over %s, through %s', async (scheme, face) => {
      const stage = await Stage.open({ ...setting, scheme, face })
      try {
        await scenario(stage)
        await stage.nothingIsLeft()
      } finally {
        await stage.end()
      }
    })
  })
}
