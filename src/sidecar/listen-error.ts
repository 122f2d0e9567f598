import { ConfigurationError } from '../errors/errors.ts'

/** The error of an address that cannot be listened on, in the words of its options; any other one as it is. */
export function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new ConfigurationError(
      `port: ${port} of ${host} is in use; give another one, or 0 for any that is free.`,
      'port',
    )
  }
  if (code === 'EACCES') {
    return new ConfigurationError(`port: this process may not listen on ${port}; give one above 1023.`, 'port')
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new ConfigurationError(`host: ${host} is no address of this machine.`, 'host')
  }
  return error
}
