import { pause, within } from '../../support/until.ts'

export type Command = (...args: string[]) => Promise<unknown>

/** Waits for a state of the store that only a command tells. */
export function untilStore(isThere: () => Promise<boolean>, what: string): Promise<void> {
  const look = async (): Promise<void> => {
    while (!(await isThere())) await pause(2)
  }
  return within(look(), what)
}

export async function listeners(command: Command, channel: string): Promise<number> {
  return Number(((await command('PUBSUB', 'NUMSUB', channel)) as unknown[])[1])
}

export function bothListen(command: Command, channel: string): Promise<void> {
  return untilStore(async () => (await listeners(command, channel)) === 2, `two connections listen on ${channel}`)
}
