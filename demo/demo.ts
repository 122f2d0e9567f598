import { HELP, parseCommand, UsageError } from './arguments.ts'
import { runMock } from './mock-demo.ts'
import { runReal } from './real-demo.ts'
import { terminalOn } from './terminal.ts'

const terminal = terminalOn(process.stdout, process.env)
try {
  const command = parseCommand(process.argv.slice(2), process.env)
  switch (command.kind) {
    case 'help':
      terminal.print(HELP)
      break
    case 'mock':
      process.exitCode = (await runMock(terminal, command)) ? 0 : 1
      break
    case 'real':
      process.exitCode = (await runReal(terminal, command)) ? 0 : 1
      break
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\nSee npm run demo -- --help\n`)
  process.exitCode = 2
}
