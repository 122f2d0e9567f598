import { run } from '../../src/cli/main.ts'

/** Runs a command until it ends by itself: its exit code and what it wrote. */
export async function written(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await run(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    onStop: () => () => {},
  })
  return { code, out, err }
}
