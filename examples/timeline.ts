/**
 * A picture of the latest calls: three lines in a program, and a page in a browser.
 *
 * The page needs no server and asks for nothing. Neither the page nor the lines of JSON hold a key, a prompt or an answer.
 */
import { writeFile } from 'node:fs/promises'
import { ResilientClient, type ResilientClientOptions } from 'resilient-responses'
import { recordCalls, renderHtml, renderText } from 'resilient-responses/timeline'

export function createRecordedClient(options: ResilientClientOptions) {
  const recorder = recordCalls({ max: 500 })
  const client = new ResilientClient({ ...options, instrumentations: [recorder] })
  return {
    client,
    /** For a terminal. */
    picture: () => renderText(recorder.calls(), { columns: 80 }),
    /** For a browser. */
    writePage: (file: string) => writeFile(file, renderHtml(recorder.calls(), { title: 'Calls of the agent' })),
    /** For `resilient-responses report`, here or on another machine. */
    writeCalls: (file: string) => recorder.write(file),
  }
}
