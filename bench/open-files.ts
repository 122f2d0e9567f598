/** Of the crowd of waiting streams, as the largest is meant. */
export const MOST_STREAMS = 10_000
/** What a process has open besides its streams. */
const OTHER_FILES = 200

/** How many streams a process may have open at once. The client and the server are processes of their own. */
export function streamsThatFit(files: number = openFiles()): number {
  return Math.min(MOST_STREAMS, files - OTHER_FILES)
}

/** What the system allows a process; Node raises the soft limit to the hard one when it starts. */
function openFiles(): number {
  // The types do not know it yet.
  Object.assign(process.report, { excludeNetwork: true })
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files: { soft: number | string } } }
  const soft = Number(userLimits?.open_files.soft)
  return Number.isNaN(soft) ? Number.POSITIVE_INFINITY : soft
}
