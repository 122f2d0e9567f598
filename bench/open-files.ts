/** The number of waiting streams in the largest measurement. */
export const MOST_STREAMS = 10_000
/** Files that a process has open besides its streams. */
const OTHER_FILES = 200

/** How many streams a process may have open. Client and server are separate processes. */
export function streamsThatFit(files: number = openFiles()): number {
  return Math.min(MOST_STREAMS, files - OTHER_FILES)
}

/** The limit of the system. Node raises the soft limit to the hard one when it starts. */
function openFiles(): number {
  // The types lack this property.
  Object.assign(process.report, { excludeNetwork: true })
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files: { soft: number | string } } }
  const soft = Number(userLimits?.open_files.soft)
  return Number.isNaN(soft) ? Number.POSITIVE_INFINITY : soft
}
