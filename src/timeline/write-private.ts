import { randomUUID } from 'node:crypto'
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * Writes a file that its owner alone can read. A file or a symbolic link of that name is replaced: the mode of a file that was there
 * would stay, and the target of a link may be anybody's. A device or a pipe, such as `/dev/stdout`, is written to.
 *
 * @throws the error of the file system. The file that was there is then unchanged.
 */
export async function writePrivate(file: string, text: string): Promise<void> {
  const there = await stat(file).catch(() => undefined)
  if (there !== undefined && !there.isFile()) return writeFile(file, text)
  const beside = path.join(path.dirname(file), `.${randomUUID()}.tmp`)
  try {
    await writeFile(beside, text, { mode: 0o600, flag: 'wx' })
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}
